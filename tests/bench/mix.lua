-- The mix of reviews that wrk sends; `prepare.py` writes the requests (REQUESTS names the file).
--
-- In turn: a create of a pod that asks for GPUs, with fresh uids; the DELETE of one that was created
-- a while ago, so that what was reserved is released; one of the rest, in their order. START is where
-- the run before left off: this one releases what that one left.

local requests = dofile(os.getenv("REQUESTS"))

-- How many creates lie between a pod's creation and its DELETE: more than are ever under way.
local HELD = 16

local format, concat = string.format, table.concat
local step, rest = 0, 0
local thread

number = tonumber(os.getenv("START")) -- of the pod created last; global, so that done() finds it

function setup(one)
  thread = one
end

-- A template is pieces between which the number goes.
local function fill(template, at)
  return concat(template, format("%012x", at))
end

function request()
  step = step % 3 + 1
  if step == 1 then
    number = number + 1
    return fill(requests.creates[number % #requests.creates + 1], number)
  end
  if step == 2 and number > HELD then
    local at = number - HELD
    return fill(requests.deletes[at % #requests.deletes + 1], at)
  end
  rest = rest % #requests.rest + 1
  return requests.rest[rest]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(format('\n{"number":%d,"calls":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}\n',
    thread:get("number"), summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
