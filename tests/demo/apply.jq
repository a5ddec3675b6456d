# A review, and in $answer what /mutate said to it -> the review with its patch applied.
# Of JSON Patch only add, replace and remove, which is all that fairgate sends.
def keys_of($path):
    $path | split("/")[1:] | map(gsub("~1"; "/") | gsub("~0"; "~"));
def resolve($keys):
    . as $object
    | reduce $keys[] as $key ([];
        . as $at
        | $at + [if ($object | getpath($at) | type) != "array" then $key
                 elif $key == "-" then ($object | getpath($at) | length)
                 else ($key | tonumber) end]);
def apply($operation):
    resolve(keys_of($operation.path)) as $path
    | if $operation.op == "remove" then delpaths([$path])
      elif $operation.op == "replace" or ($path[-1] | type) == "string" then
          setpath($path; $operation.value)
      elif $operation.op == "add" then
          setpath($path[:-1]; getpath($path[:-1])
              | .[:$path[-1]] + [$operation.value] + .[$path[-1]:])
      else error("a patch with the operation \($operation.op)") end;
.request.object |= reduce
    ($answer.response.patch // "" | if . == "" then [] else @base64d | fromjson end)[] as $operation
    (.; apply($operation))
