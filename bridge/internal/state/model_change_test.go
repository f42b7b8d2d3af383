package state

import (
	"encoding/json"
	"slices"
	"strconv"
)

// change applies an event about a guild that is there.
func (m *model) change(g object, name string, o object) {
	key := id(o["id"])
	switch name {
	case "CHANNEL_CREATE", "CHANNEL_UPDATE":
		put(g, channels, without(o, "guild_id"))
	case "CHANNEL_DELETE":
		remove(g, channels, key)
		orphan(g, key)
	case "CHANNEL_PINS_UPDATE":
		for _, l := range []list{channels, threads} {
			each(g, l, id(o["channel_id"]), func(c object) object {
				_, has := c["last_pin_timestamp"]
				at, told := o["last_pin_timestamp"]
				if c = without(c); has || told {
					c["last_pin_timestamp"] = at
				}
				return c
			})
		}
	case "VOICE_CHANNEL_STATUS_UPDATE", "VOICE_CHANNEL_START_TIME_UPDATE":
		field := map[bool]string{true: "status", false: "voice_start_time"}[name == "VOICE_CHANNEL_STATUS_UPDATE"]
		each(g, channels, key, func(c object) object {
			if _, has := c[field]; has {
				c = without(c)
				c[field] = o[field]
			}
			return c
		})
	case "THREAD_CREATE":
		put(g, threads, without(o, "newly_created"))
	case "THREAD_UPDATE":
		if dig(o, "thread_metadata", "archived") == true {
			remove(g, threads, key)
		} else if !merge(g, threads, key, o) {
			put(g, threads, o)
		}
	case "THREAD_DELETE":
		remove(g, threads, key)
	case "THREAD_LIST_SYNC":
		if parents, some := o["channel_ids"].([]any); some {
			for _, parent := range parents {
				orphan(g, id(parent))
			}
		} else {
			remove(g, threads, "*")
		}
		for _, t := range array(o["threads"]) {
			put(g, threads, t.(object))
		}
		for _, member := range array(o["members"]) {
			m.threadMember(g, id(dig(member, "id")), member.(object))
		}
	case "THREAD_MEMBER_UPDATE":
		m.threadMember(g, key, o)
	case "THREAD_MEMBERS_UPDATE":
		if count := o["member_count"]; count != nil {
			merge(g, threads, key, object{"member_count": count})
		}
		for _, user := range array(o["removed_member_ids"]) {
			if id(user) == m.bot {
				each(g, threads, key, func(t object) object { return without(t, "member") })
			}
		}
		for _, member := range array(o["added_members"]) {
			if id(dig(member, "user_id")) == m.bot {
				m.threadMember(g, key, member.(object))
				break
			}
		}
	case "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE":
		put(g, roles, o["role"].(object))
	case "GUILD_ROLE_DELETE":
		remove(g, roles, id(o["role_id"]))
		each(g, people, "*", func(member object) object {
			has, ok := member["roles"].([]any)
			if !ok {
				return member
			}
			member = without(member)
			member["roles"] = slices.DeleteFunc(slices.Clone(has), func(role any) bool { return id(role) == id(o["role_id"]) })
			return member
		})
	case "GUILD_EMOJIS_UPDATE":
		g["emojis"] = o["emojis"]
	case "GUILD_STICKERS_UPDATE":
		g["stickers"] = o["stickers"]
	case "GUILD_SOUNDBOARD_SOUNDS_UPDATE":
		for _, sound := range array(o["soundboard_sounds"]) {
			put(g, sounds, sound.(object))
		}
	case "GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE":
		put(g, sounds, o)
	case "GUILD_SOUNDBOARD_SOUND_DELETE":
		remove(g, sounds, id(o["sound_id"]))
	case "STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE":
		put(g, stages, o)
	case "STAGE_INSTANCE_DELETE":
		remove(g, stages, key)
	case "GUILD_SCHEDULED_EVENT_CREATE":
		put(g, happenings, o)
	case "GUILD_SCHEDULED_EVENT_UPDATE":
		if !merge(g, happenings, key, o) {
			put(g, happenings, o)
		}
	case "GUILD_SCHEDULED_EVENT_DELETE":
		remove(g, happenings, key)
	case "GUILD_SCHEDULED_EVENT_USER_ADD":
		m.userCount(g, o, 1)
	case "GUILD_SCHEDULED_EVENT_USER_REMOVE":
		m.userCount(g, o, -1)
	default:
		m.changeMember(g, name, o)
	}
}

func (m *model) changeMember(g object, name string, o object) {
	user := id(dig(o, "user", "id"))
	switch name {
	case "VOICE_STATE_UPDATE":
		who := id(o["user_id"])
		if o["channel_id"] == nil {
			remove(g, voices, who)
			if !m.members && who != m.bot {
				remove(g, people, who)
			}
			return
		}
		put(g, voices, without(o, "guild_id", "member"))
		if member, ok := o["member"].(object); ok && idOf(people, member) == who {
			put(g, people, member)
		}
	case "GUILD_MEMBER_ADD":
		if m.members {
			put(g, people, without(o, "guild_id"))
		}
		m.count(g, 1)
	case "GUILD_MEMBER_REMOVE":
		if m.members {
			remove(g, people, user)
			remove(g, presences, user)
		}
		m.count(g, -1)
	case "GUILD_MEMBER_UPDATE":
		if m.members || user == m.bot {
			merge(g, people, user, without(o, "guild_id"))
		}
	}
}

func orphan(g object, parent string) {
	each(g, threads, "*", func(t object) object {
		if parent != "" && id(t["parent_id"]) == parent {
			return nil
		}
		return t
	})
}

func (m *model) threadMember(g object, thread string, member object) {
	merge(g, threads, thread, object{"member": without(member, "id", "user_id", "guild_id", "member", "presence")})
}

func (m *model) userCount(g object, o object, delta int64) {
	each(g, happenings, id(o["guild_scheduled_event_id"]), func(e object) object {
		return grow(e, "user_count", delta)
	})
}

func (m *model) count(g object, delta int64) {
	for key, value := range grow(g, "member_count", delta) {
		g[key] = value
	}
}

// grow adds delta to a field that is a number, which does not get below 0.
func grow(o object, key string, delta int64) object {
	number, ok := o[key].(json.Number)
	if n, err := number.Int64(); ok && err == nil && n >= 0 && n < 1<<62 {
		o = without(o)
		o[key] = json.Number(strconv.FormatInt(max(n+delta, 0), 10))
	}
	return o
}
