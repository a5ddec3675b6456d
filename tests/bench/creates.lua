-- Creates pods, and says so after PODS of them: BODY is one's file, POD_PATH where it is posted, TOKEN the user's.

local file = assert(io.open(os.getenv("BODY")))
wrk.method, wrk.path, wrk.body = "POST", os.getenv("POD_PATH"), file:read("a")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
wrk.headers["Content-Type"] = "application/json"
file:close()

local left = tonumber(os.getenv("PODS"))

function response()
  left = left - 1
  if left == 0 then io.write("created\n") io.flush() end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\n{"calls":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
