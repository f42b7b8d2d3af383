package traffic

import "strconv"

// A rule is one of auto moderation.
type rule struct {
	id   string
	look look
}

// append appends the rule (Discord: "Auto Moderation Rule Object").
func (u *rule) append(dst []byte, g *guild) []byte {
	r := newSource(u.look, 14)
	dst = add(dst, `{"trigger_type":1,"trigger_metadata":{"regex_patterns":[],"keyword_filter":["`, pick(&r, words), `"],"allow_list":[]},"name":"`)
	dst = appendText(dst, &r, r.between(1, 3))
	return add(dst, `","id":"`, u.id, `","guild_id":"`, g.id, `","exempt_roles":[],"exempt_channels":["`, g.text[0].id,
		`"],"event_type":1,"enabled":`, r.yes(80), `,"creator_id":"`, g.ownerID, `","actions":[{"type":1,"metadata":{}}]}`)
}

// ruleChange makes Discord's "Auto Moderation Rule Create", "Update" and "Delete".
func (g *Generator) ruleChange(dst []byte) (string, []byte) {
	return g.changeRule(dst, g.world.guild(&g.r))
}

func (g *Generator) changeRule(dst []byte, home *guild) (string, []byte) {
	n := len(home.rules)
	switch change := g.r.below(3); {
	case n == 0 || change == 0 && n < 6:
		u := &rule{g.id(), g.r.pcg.Uint64()}
		home.rules = append(home.rules, u)
		return "AUTO_MODERATION_RULE_CREATE", u.append(dst, home)
	case change == 1:
		u := pick(&g.r, home.rules)
		u.look = g.r.pcg.Uint64()
		return "AUTO_MODERATION_RULE_UPDATE", u.append(dst, home)
	}
	u := pick(&g.r, home.rules)
	home.rules = remove(home.rules, u)
	return "AUTO_MODERATION_RULE_DELETE", u.append(dst, home)
}

// ruleAction makes Discord's "Auto Moderation Action Execution".
func (g *Generator) ruleAction(dst []byte) (string, []byte) {
	for range 64 {
		p := g.world.person(&g.r)
		home := p.guild
		if len(home.rules) == 0 {
			continue
		}
		word := pick(&g.r, words)
		dst = add(dst, `{"user_id":"`, p.id, `","rule_trigger_type":1,"rule_id":"`, pick(&g.r, home.rules).id, `","matched_keyword":"`, word,
			`","matched_content":"`, word, `","guild_id":"`, home.id, `","content":"`, word)
		dst = appendText(append(dst, ' '), &g.r, g.r.between(1, 8))
		return "AUTO_MODERATION_ACTION_EXECUTION", add(dst, `","channel_id":"`, recur(&g.r, home.text).id, `","action":{"type":1,"metadata":{}}}`)
	}
	return g.ruleChange(dst)
}

// auditLog makes Discord's "Guild Audit Log Entry Create": a member was muted for a while.
func (g *Generator) auditLog(dst []byte) (string, []byte) {
	p := g.world.person(&g.r)
	dst = add(dst, `{"user_id":"`, p.guild.ownerID, `","target_id":"`, p.id, `","id":"`, g.id(), `","guild_id":"`, p.guild.id,
		`","changes":[{"new_value":`)
	dst = appendTime(dst, g.now+600_000)
	dst = appendText(append(dst, `,"key":"communication_disabled_until"}],"reason":"`...), &g.r, g.r.between(1, 8))
	return "GUILD_AUDIT_LOG_ENTRY_CREATE", append(dst, `","action_type":24}`...)
}

// An invite and an integration of a guild; what makes them up is only shown.
type (
	invite struct {
		code    string
		channel *channel
	}
	integration struct {
		id, app string
		look    look
	}
)

// inviteChange makes Discord's "Invite Create" and "Invite Delete".
func (g *Generator) inviteChange(dst []byte) (string, []byte) {
	p := g.world.person(&g.r)
	home := p.guild
	if len(home.invites) > 0 && (g.r.chance(45) || len(home.invites) > 50) {
		v := pick(&g.r, home.invites)
		home.invites = remove(home.invites, v)
		return "INVITE_DELETE", add(dst, `{"guild_id":"`, home.id, `","code":"`, v.code, `","channel_id":"`, v.channel.id, `"}`)
	}
	v := &invite{string(g.r.appendBase62(nil, 8)), home.text[0]}
	home.invites = append(home.invites, v)
	dst = add(dst, `{"uses":0,"type":0,"temporary":false,"max_uses":0,"max_age":604800,"inviter":`, p.user, `,"guild_id":"`, home.id, `","expires_at":`)
	dst = appendTime(dst, g.now+604_800_000)
	dst = appendTime(append(dst, `,"created_at":`...), g.now)
	return "INVITE_CREATE", add(dst, `,"code":"`, v.code, `","channel_id":"`, v.channel.id, `"}`)
}

// integrationChange makes Discord's "Integration Create", "Update" and "Delete", and "Guild
// Integrations Update".
func (g *Generator) integrationChange(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	n := len(home.apps)
	switch change := g.r.below(4); {
	case n == 0 || change == 0 && n < 6:
		o := &integration{g.id(), g.id(), g.r.pcg.Uint64()}
		home.apps = append(home.apps, o)
		return "INTEGRATION_CREATE", o.append(dst, home)
	case change == 1:
		o := pick(&g.r, home.apps)
		o.look = g.r.pcg.Uint64()
		return "INTEGRATION_UPDATE", o.append(dst, home)
	case change == 2:
		o := pick(&g.r, home.apps)
		home.apps = remove(home.apps, o)
		return "INTEGRATION_DELETE", add(dst, `{"id":"`, o.id, `","guild_id":"`, home.id, `","application_id":"`, o.app, `"}`)
	}
	return "GUILD_INTEGRATIONS_UPDATE", add(dst, `{"guild_id":"`, home.id, `"}`)
}

// append appends the integration (Discord: "Integration Object"), of another bot.
func (o *integration) append(dst []byte, g *guild) []byte {
	r := newSource(o.look, 15)
	name := pick(&r, nameParts)
	user := BotUser(nil, idOf(o.app))
	dst = add(dst, `{"user":`, string(user), `,"type":"discord","scopes":["bot","applications.commands"],"name":"`, name, `","id":"`, o.id,
		`","guild_id":"`, g.id, `","enabled":`, r.yes(90), `,"application":{"summary":"","name":"`, name, `","id":"`, o.app, `","icon":null,"description":"","bot":`)
	return add(append(dst, user...), `},"account":{"name":"`, name, `","id":"`, o.app, `"}}`)
}

// idOf reads an id that was written here.
func idOf(id string) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		panic("unreachable: ids are decimal")
	}
	return n
}

// webhooksUpdate makes Discord's "Webhooks Update".
func (g *Generator) webhooksUpdate(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	return "WEBHOOKS_UPDATE", add(dst, `{"guild_id":"`, home.id, `","channel_id":"`, recur(&g.r, home.text).id, `"}`)
}

// commandPermissions makes Discord's "Application Command Permissions Update".
func (g *Generator) commandPermissions(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	bot := home.bot.id
	dst = add(dst, `{"permissions":[{"type":1,"permission":`, g.r.yes(50), `,"id":"`, recur(&g.r, home.roles).id, `"}],"id":"`)
	dst = appendCommandID(dst, g.r.recurring(len(commands)))
	return "APPLICATION_COMMAND_PERMISSIONS_UPDATE", add(dst, `","guild_id":"`, home.id, `","application_id":"`, bot, `"}`)
}

// rateLimited makes Discord's "Rate Limited", the answer to a request.
func (g *Generator) rateLimited(dst []byte) (string, []byte) {
	return "RATE_LIMITED", add(dst, `{"retry_after":2.5,"opcode":8,"meta":{"nonce":"0","guild_id":"`, g.world.guild(&g.r).id, `"}}`)
}
