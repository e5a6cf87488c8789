#!lua name=heliograph_feed_1
-- Home timelines, a sorted set for each account, all scores 0, so that members are in the order of
-- their bytes. A member is a kind and what it holds; only entries have their first bit set:
--
--   state  0 | life (16) | making (8) | phase (1) | floor (8) | ended follows (1), always the first
--   ended  1 | account that is not followed any more (8) | when, in seconds (4)
--   entry  post (8) | author (8) | whom it replies to (8)
--
-- Posts are inverted, so the newest comes first: the entries from the floor on are those whose first
-- eight bytes are not after it. A timeline is one key with all that belongs to it, so that it is lost
-- whole or not at all. One of another life counts as lost. A life is a run of the server, as the next may
-- lack what this one had not yet written or sent to who takes its place, and a mark, which is another one
-- after the server was emptied, or when somebody says that timelines have gaps.
--
-- A fan-out carries the mark that was there before it looked at anything: with the mark it lost what kept
-- it from putting back what was deleted, as that is in the same key, a sorted set: deleted posts by when,
-- in seconds, and after all of them the mark.

local GUARDS = 'feed-guards'
local MARK = 'mark'
local NO_MARK = '\0\0\0\0\0\0\0\0'
local DELETED_KEPT_S = 86400
local DELETED_MAX = 100000
-- Much longer than any one try of a fan-out takes.
local ENDED_KEPT_S = 3600
local ENDED_MAX = 100
local BATCH = 500
local ALL = '\255\255\255\255\255\255\255\255'
local BEYOND = ALL .. ALL .. '\255'
-- Of a timeline that is not kept only what has ended is there.
local MAKING, WHOLE, SHORT, NOT_KEPT = 0, 1, 2, 3

local function now_s()
    return tonumber(redis.call('TIME')[1])
end

-- Whether eight bytes come before eight others. Not by the operator, which compares as the server's
-- language sorts words.
local function is_before(one, other)
    for at = 1, 8 do
        local a, b = string.byte(one, at), string.byte(other, at)
        if a ~= b then
            return a < b
        end
    end
    return false
end

local function mark_there()
    local last = redis.call('ZRANGE', GUARDS, -1, -1)[1]
    return last and #last == #MARK + 8 and string.sub(last, -8) or nil
end

local function remove_mark()
    redis.call('ZREMRANGEBYSCORE', GUARDS, '+inf', '+inf')
end

-- Returns the mark that is there, which is this one if there was none.
local function mark_or(new)
    local there = mark_there()
    if not there then
        redis.call('ZADD', GUARDS, '+inf', MARK .. new)
    end
    return there or new
end

local function life_of(run)
    return run .. (mark_there() or NO_MARK)
end

local function state_of(key, life)
    local member = redis.call('ZRANGE', key, 0, 0)[1]
    if not member then
        return nil
    end
    if string.byte(member, 1) ~= 0 or string.sub(member, 2, 17) ~= life then
        redis.call('DEL', key)
        return nil
    end
    return {
        member = member,
        making = string.sub(member, 18, 25),
        phase = string.byte(member, 26),
        floor = string.sub(member, 27, 34),
        ended = string.byte(member, 35),
    }
end

-- First the new one: a set whose last member goes loses its lifetime with it.
local function set_state(key, life, old, new)
    local member = '\0' .. life .. new.making .. string.char(new.phase) .. new.floor .. string.char(new.ended)
    if old and old.member == member then
        return
    end
    redis.call('ZADD', key, 0, member)
    if old then
        redis.call('ZREM', key, old.member)
    end
end

local function count_of(key, state)
    return redis.call('ZCARD', key) - 1 - state.ended
end

local function is_deleted(post)
    return redis.call('ZSCORE', GUARDS, post)
end

-- Stops keeping a timeline. What has ended stays, as fan-outs may be under way.
local function lose(key, life, state)
    if state.ended == 0 then
        redis.call('DEL', key)
        return
    end
    redis.call('ZREMRANGEBYRANK', key, 1 + state.ended, -1)
    set_state(key, life, state, {
        making = state.making, phase = NOT_KEPT, floor = ALL, ended = state.ended,
    })
    redis.call('EXPIRE', key, ENDED_KEPT_S)
end

-- Cuts a timeline that is beyond its bound by an eighth. One that is being made has no floor yet: it
-- is lost, and made when it is read.
local function bound(key, life, state, max)
    if count_of(key, state) <= max + math.ceil(max / 8) then
        return
    end
    if state.phase == MAKING then
        lose(key, life, state)
        return
    end
    redis.call('ZREMRANGEBYRANK', key, 1 + state.ended + max, -1)
    local last = redis.call('ZRANGE', key, -1, -1)[1]
    set_state(key, life, state, {
        making = state.making, phase = WHOLE, floor = string.sub(last, 1, 8), ended = state.ended,
    })
end

-- Keys: a timeline. Arguments: run, a making, lifetime in ms. Begins to keep it, and returns the making
-- that is under way.
local function begin(keys, arguments)
    local key, making = keys[1], arguments[2]
    mark_or(making)
    local life = life_of(arguments[1])
    local state = state_of(key, life)
    if state and state.phase == MAKING then
        making = state.making
    else
        set_state(key, life, state, {
            making = making, phase = MAKING, floor = ALL, ended = state and state.ended or 0,
        })
    end
    redis.call('PEXPIRE', key, arguments[3])
    return making
end

-- Keys: a timeline. Arguments: run, making, floor, bound, entries. Returns 1 when it is complete. That
-- who began the same making completed it before is as good: what these entries hold may have gone since.
local function complete(keys, arguments)
    local key, life = keys[1], life_of(arguments[1])
    local floor, max = arguments[3], tonumber(arguments[4])
    local state = state_of(key, life)
    if not state or state.making ~= arguments[2] or state.phase == NOT_KEPT then
        return 0
    end
    if state.phase ~= MAKING then
        return 1
    end
    for from = 5, #arguments, BATCH do
        local added = {}
        for at = from, math.min(from + BATCH - 1, #arguments) do
            if not is_deleted(string.sub(arguments[at], 1, 8)) then
                added[#added + 1] = 0
                added[#added + 1] = arguments[at]
            end
        end
        if #added > 0 then
            redis.call('ZADD', key, unpack(added))
        end
    end
    redis.call('ZREMRANGEBYLEX', key, '(' .. floor .. BEYOND, '+')
    local is_short = floor ~= ALL and count_of(key, state) * 2 < max
    set_state(key, life, state, {
        making = state.making, phase = is_short and SHORT or WHOLE, floor = floor, ended = state.ended,
    })
    return 1
end

-- Keys: a timeline. Arguments: run, lifetime in ms, bound, from, to, 1 for the other direction, how many.
-- Returns its floor and the entries; nothing when it is not there, not complete, or worth making again.
local function page(keys, arguments)
    local key, max = keys[1], tonumber(arguments[3])
    local state = state_of(key, life_of(arguments[1]))
    if not state or state.phase == MAKING or state.phase == NOT_KEPT then
        return {}
    end
    if state.phase == WHOLE and state.floor ~= ALL and count_of(key, state) * 2 < max then
        return {}
    end
    redis.call('PEXPIRE', key, arguments[2])
    local from, to, limit = arguments[4], arguments[5], arguments[7]
    local found
    if arguments[6] == '1' then
        found = redis.call('ZRANGE', key, to, from, 'BYLEX', 'REV', 'LIMIT', 0, limit)
    else
        found = redis.call('ZRANGE', key, from, to, 'BYLEX', 'LIMIT', 0, limit)
    end
    table.insert(found, 1, state.floor)
    return found
end

-- Whether the account of this timeline has ended to follow the author or whom it replies to.
local function has_ended(key, state, author, replied_to)
    if state.ended == 0 or string.sub(key, -8) == author then
        return false
    end
    for _, member in ipairs(redis.call('ZRANGE', key, 1, state.ended)) do
        local account = string.sub(member, 2, 9)
        if account == author or account == replied_to then
            return true
        end
    end
    return false
end

-- Arguments: a mark. Returns the one that is there, which is this if there was none.
local function mark(_, arguments)
    return mark_or(arguments[1])
end

-- Arguments: a mark, which no timeline has yet. All of them count as lost.
local function lose_all(_, arguments)
    remove_mark()
    mark_or(arguments[1])
    return 0
end

-- Keys: timelines. Arguments: run, a mark, bound, an entry. Returns how many it was new to; -1 when the
-- mark has gone.
local function place(keys, arguments)
    local life, max, entry = life_of(arguments[1]), tonumber(arguments[3]), arguments[4]
    if mark_there() ~= arguments[2] then
        return -1
    end
    local post, author = string.sub(entry, 1, 8), string.sub(entry, 9, 16)
    local replied_to = string.sub(entry, 17, 24)
    if is_deleted(post) then
        return 0
    end
    local placed = 0
    for _, key in ipairs(keys) do
        local state = state_of(key, life)
        local is_for = state and state.phase ~= NOT_KEPT and not is_before(state.floor, post)
        if is_for and not has_ended(key, state, author, replied_to) then
            if redis.call('ZADD', key, 0, entry) == 1 then
                placed = placed + 1
                bound(key, life, state, max)
            end
        end
    end
    return placed
end

-- Arguments: a post. From now on nothing puts it into a timeline.
local function forget(_, arguments)
    local now = now_s()
    redis.call('ZREMRANGEBYSCORE', GUARDS, '-inf', now - DELETED_KEPT_S)
    redis.call('ZADD', GUARDS, now, arguments[1])
    -- One more is the mark.
    redis.call('ZREMRANGEBYRANK', GUARDS, 0, -DELETED_MAX - 2)
    return 0
end

-- Keys: timelines. Arguments: a post. Returns how many it was in.
local function remove(keys, arguments)
    local removed = 0
    for _, key in ipairs(keys) do
        local post = arguments[1]
        removed = removed + redis.call('ZREMRANGEBYLEX', key, '[' .. post, '(' .. post .. BEYOND)
    end
    return removed
end

-- Takes out what is remembered of this account, what is old, and the oldest when there is room for no
-- more. Returns how many are left.
local function forget_ended(key, state, account)
    local left, long_ago = 0, now_s() - ENDED_KEPT_S
    local oldest, oldest_s
    for _, member in ipairs(state.ended > 0 and redis.call('ZRANGE', key, 1, state.ended) or {}) do
        local at_s = struct.unpack('>I4', string.sub(member, 10, 13))
        if string.sub(member, 2, 9) == account or at_s < long_ago then
            redis.call('ZREM', key, member)
        else
            left = left + 1
            if not oldest or at_s < oldest_s then
                oldest, oldest_s = member, at_s
            end
        end
    end
    if left >= ENDED_MAX then
        redis.call('ZREM', key, oldest)
        left = left - 1
    end
    return left
end

-- What is being made now may be made of what was before.
local function making_after(state, making)
    return state.phase == MAKING and making or state.making
end

local function remember_ended(key, account)
    redis.call('ZADD', key, 0, '\1' .. account .. struct.pack('>I4', now_s()))
end

-- Keys: a timeline. Arguments: run, a making, an account that is not followed any more. Returns how many
-- entries there were because it was.
local function part(keys, arguments)
    local key, life, account = keys[1], life_of(arguments[1]), arguments[3]
    local state = state_of(key, life)
    if not state then
        remember_ended(key, account)
        set_state(key, life, nil, { making = arguments[2], phase = NOT_KEPT, floor = ALL, ended = 1 })
        redis.call('EXPIRE', key, ENDED_KEPT_S)
        return 0
    end
    local left, removed = forget_ended(key, state, account), 0
    local owner = string.sub(key, -8)
    for _, entry in ipairs(redis.call('ZRANGE', key, 1 + left, -1)) do
        local author = string.sub(entry, 9, 16)
        if author ~= owner and (author == account or string.sub(entry, 17, 24) == account) then
            removed = removed + redis.call('ZREM', key, entry)
        end
    end
    remember_ended(key, account)
    set_state(key, life, state, {
        making = making_after(state, arguments[2]), phase = state.phase, floor = state.floor, ended = left + 1,
    })
    if state.phase == NOT_KEPT then
        redis.call('EXPIRE', key, ENDED_KEPT_S)
    end
    return removed
end

-- Keys: a timeline. Arguments: run, a making, an account that is followed now.
local function join(keys, arguments)
    local key, life = keys[1], life_of(arguments[1])
    local state = state_of(key, life)
    if not state then
        return 0
    end
    local left = forget_ended(key, state, arguments[3])
    local phase = state.phase == NOT_KEPT and NOT_KEPT or MAKING
    set_state(key, life, state, { making = arguments[2], phase = phase, floor = ALL, ended = left })
    return 1
end

-- Keys: timelines, which are dropped. Arguments: run.
local function drop(keys, arguments)
    local life = life_of(arguments[1])
    for _, key in ipairs(keys) do
        local state = state_of(key, life)
        if state then
            lose(key, life, state)
        end
    end
    return #keys
end

-- Arguments: where to go on, the beginning of the names, how many to look at. Drops some of all
-- timelines, with what has ended. Returns where to go on, "0" at the end, and how many they were.
local function drop_all(_, arguments)
    remove_mark()
    local found = redis.call('SCAN', arguments[1], 'MATCH', arguments[2] .. '*', 'COUNT', arguments[3])
    local dropped = 0
    for _, key in ipairs(found[2]) do
        dropped = dropped + redis.call('UNLINK', key)
    end
    return { found[1], dropped }
end

-- What reads or frees goes on when the memory is full.
local function register(name, callback, flags)
    redis.register_function{ function_name = 'heliograph_feed_' .. name .. '_1', callback = callback, flags = flags }
end

register('begin', begin, {})
register('complete', complete, {})
register('place', place, {})
register('mark', mark, { 'allow-oom' })
register('lose_all', lose_all, { 'allow-oom' })
register('page', page, { 'allow-oom' })
register('forget', forget, { 'allow-oom' })
register('remove', remove, { 'allow-oom' })
register('part', part, { 'allow-oom' })
register('join', join, { 'allow-oom' })
register('drop', drop, { 'allow-oom' })
register('drop_all', drop_all, { 'allow-oom' })
