package traffic

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// A fieldCheck counts the objects that it looked at, and what they lack.
type fieldCheck struct {
	objects int
	missing []string
}

// object checks d against a table, or several that + joins.
func (c *fieldCheck) object(where, spec string, d dict) {
	c.objects++
	for part := range strings.SplitSeq(spec, " + ") {
		fields, ok := fieldTables[part]
		if !ok {
			fields = part
		}
		if strings.HasSuffix(part, ":") && !strings.Contains(part, " ") {
			kind, key := integer(d, "type"), "type"
			if part == "happening:" {
				kind, key = integer(d, "entity_type"), "entity_type"
			}
			more, ok := fieldTables[part+strconv.Itoa(kind)]
			if !ok {
				c.missing = append(c.missing, fmt.Sprintf("%s: no table for %s %d", where, key, kind))
			}
			fields += " " + more
		}
		for field := range strings.FieldsSeq(fields) {
			name, kind, _ := strings.Cut(field, ":")
			v, ok := d[name]
			if !ok {
				c.missing = append(c.missing, where+"."+name+" is missing")
				continue
			}
			c.value(where+"."+name, kind, v)
		}
	}
}

// value checks v against a type of the tables.
func (c *fieldCheck) value(where, kind string, v any) {
	if base, nullable := strings.CutSuffix(kind, "?"); nullable {
		if v == nil {
			return
		}
		kind = base
	}
	ok := false
	switch {
	case kind == "any":
		ok = true
	case kind == "id":
		s, is := v.(string)
		_, err := strconv.ParseUint(s, 10, 64)
		ok = is && err == nil
	case kind == "str":
		_, ok = v.(string)
	case kind == "time":
		s, _ := v.(string)
		_, err := time.Parse(time.RFC3339Nano, s)
		ok = err == nil
	case kind == "int":
		f, is := v.(float64)
		ok = is && f == math.Trunc(f)
	case kind == "num":
		_, ok = v.(float64)
	case kind == "bool":
		_, ok = v.(bool)
	case kind == "arr":
		_, ok = v.([]any)
	case kind == "obj":
		_, ok = v.(dict)
	case strings.HasPrefix(kind, "="):
		var d dict
		if d, ok = v.(dict); ok {
			c.object(where, kind[1:], d)
		}
	case strings.HasPrefix(kind, "*"):
		var l []any
		if l, ok = v.([]any); ok {
			for _, o := range l {
				if d, is := o.(dict); is {
					c.object(where, kind[1:], d)
				} else {
					c.value(where+"[]", kind[1:], o)
				}
			}
		}
	}
	if !ok {
		c.missing = append(c.missing, fmt.Sprintf("%s is %T, want %s", where, v, kind))
	}
}

// event checks an event, and what is not always in one if it is.
func (c *fieldCheck) event(name string, d dict) {
	spec, ok := eventTables[name]
	if !ok {
		c.missing = append(c.missing, "no table for "+name)
		return
	}
	c.object(name, spec, d)
	for key, kind := range map[string]string{
		"poll": "=poll", "message_reference": "=reference", "referenced_message": "=message", "added_members": "*addedmember", "removed_member_ids": "*id",
	} {
		if v, ok := d[key]; ok {
			c.value(name+"."+key, kind, v)
		}
	}
	if _, ok := d["member"]; ok && strings.HasPrefix(name, "THREAD_") {
		c.value(name+".member", "=threadmember", d["member"])
	}
	for _, o := range list(d, "threads") {
		if member := obj(o.(dict), "member"); member != nil {
			c.object(name+".threads.member", map[bool]string{true: "threadlisted", false: "threadmember"}[name == "GUILD_CREATE"], member)
		}
	}
	if name != "INTERACTION_CREATE" {
		return
	}
	c.object(name+".channel", "channel: + permissions:str guild_id:id", obj(d, "channel"))
	data := obj(d, "data")
	switch kind := integer(d, "type"); kind {
	case 2, 4:
		c.object(name+".data", "command", data)
		if integer(data, "type") > 1 {
			c.object(name+".data", "userdata", data)
		}
		for _, o := range obj(obj(data, "resolved"), "users") {
			c.value(name+".users", "=user", o)
		}
		for _, o := range obj(obj(data, "resolved"), "messages") {
			c.value(name+".messages", "=message", o)
		}
	case 3:
		c.object(name+".data", "component", data)
		c.value(name+".message", "=message", d["message"])
	case 5:
		c.object(name+".data", "modal", data)
	}
}

// TestFieldsAreThere holds every object of traffic against the tables: nothing is missing, and each
// event has a table.
func TestFieldsAreThere(t *testing.T) {
	for e := range gateway.AllDispatches().All() {
		if name := e.String(); eventTables[name] == "" && e != gateway.EventUnknown && e != gateway.EventResumed {
			t.Errorf("no table for %s", name)
		}
	}
	ids := GuildIDs(0, 2, 6)
	c := new(fieldCheck)
	kinds := map[string]int{}
	events := 30_000
	if testing.Short() {
		events = 6000
	}
	for _, size := range []int{1, 8000, 150_000} {
		g := NewShard(Options{Seed: 2, Shards: 2, Guilds: ids, GuildSize: size})
		take := func(name string, data []byte) {
			var d dict
			if err := json.Unmarshal(data, &d); err != nil {
				t.Fatal(err)
			}
			c.event(name, d)
			if name == "INTERACTION_CREATE" {
				kinds[fmt.Sprint("interaction ", d["type"])]++
			}
		}
		take("READY", Ready(nil, ReadyOptions{SessionID: "s", ResumeURL: "wss://x", GuildIDs: ids}))
		for _, id := range ids {
			take("GUILD_CREATE", g.GuildCreate(nil, id, size))
		}
		for range events {
			take(g.Next())
		}
	}
	var user, app dict
	if json.Unmarshal(Bot(nil, 1), &user) != nil || json.Unmarshal(Application(nil, 1), &app) != nil {
		t.Fatal("not JSON")
	}
	c.object("user", "botuser", user)
	c.object("application", "fullapplication", app)
	for i, missing := range c.missing {
		if i == 20 {
			break
		}
		t.Error(missing)
	}
	for kind := 2; kind <= 5; kind++ {
		if kinds[fmt.Sprint("interaction ", kind)] == 0 {
			t.Errorf("no interaction of type %d", kind)
		}
	}
	t.Logf("%d objects, %d missing or wrong", c.objects, len(c.missing))
}
