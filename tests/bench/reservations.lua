-- Reviews of creates, each of another pod, until so many were let in: BODY is a review's file, in which UID and NAME stand
-- for what is new each time; COUNT of them, which begin with PREFIX.

local file = assert(io.open(os.getenv("BODY")))
local head, middle, tail = file:read("a"):match("^(.-)THE%-UID(.-)THE%-NAME(.*)$")
local prefix, count = os.getenv("PREFIX"), tonumber(os.getenv("COUNT"))
local sent, answered, denied = 0, 0, 0
file:close()
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

function request()
  sent = sent + 1
  local name = prefix .. sent
  return wrk.format(nil, "/validate?timeout=10s", nil, head .. name .. middle .. name .. tail)
end

function response(status, headers, body)
  answered = answered + 1
  if status ~= 200 or not body:find('"allowed":true', 1, true) then
    denied = denied + 1
    io.write("denied " .. body:sub(1, 400) .. "\n")
  end
  if answered == count then io.write("answered\n") io.flush() end
end

function done(summary, latency)
  io.write(string.format('\n{"calls":%d,"microseconds":%d,"p50":%d,"p99":%d,"max":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
