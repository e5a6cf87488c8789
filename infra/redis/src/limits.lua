#!lua name=heliograph_limits_1
-- Limits by the generic cell rate algorithm, as infra/resilience has them in one process: a bucket is
-- the moment, in microseconds, at which it will be full again; one that is full is not kept.

-- The clock of the server, which all processes share, unless a moment is given.
local function now_us(given)
    if given ~= '' then
        return tonumber(given)
    end
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function full_at_us(key, now)
    return tonumber(redis.call('GET', key) or now)
end

-- Until it is full. A number of sixteen digits would be shortened if it were not formatted.
local function keep(key, full_at, now)
    local left_ms = math.ceil((full_at - now) / 1000)
    redis.call('SET', key, string.format('%.0f', full_at), 'PX', left_ms)
end

-- Takes one from each bucket, or from none. Arguments: the moment; for each bucket how long one takes
-- to come back, and how long all of them do. Returns 0 and how long each bucket then takes to be full;
-- or which bucket is empty, how long to wait for it, and how long it takes to be full.
local function take(keys, arguments)
    local now = now_us(arguments[1])
    local taken, reply = {}, {0}
    for at, key in ipairs(keys) do
        local period, window = tonumber(arguments[2 * at]), tonumber(arguments[2 * at + 1])
        local full_at = full_at_us(key, now)
        local next_at = math.max(full_at, now) + period
        local over = next_at - now - window
        if over > 0 then
            return {at, over, full_at - now}
        end
        taken[at] = next_at
        reply[at + 1] = next_at - now
    end
    for at, key in ipairs(keys) do
        keep(key, taken[at], now)
    end
    return reply
end

-- Releases one that was taken from each bucket. Arguments: the moment; for each bucket how long one
-- takes to come back.
local function release(keys, arguments)
    local now = now_us(arguments[1])
    for at, key in ipairs(keys) do
        local full_at = full_at_us(key, now) - tonumber(arguments[at + 1])
        if full_at > now then
            keep(key, full_at, now)
        else
            redis.call('DEL', key)
        end
    end
    return 0
end

redis.register_function('heliograph_take_1', take)
redis.register_function('heliograph_release_1', release)
