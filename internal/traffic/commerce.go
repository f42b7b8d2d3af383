package traffic

// maxSales bounds how many entitlements and subscriptions there are.
const maxSales = 24

// A sale is an entitlement, or a subscription with the entitlement that it brought.
type sale struct {
	id, sku, entitlement string
	user                 *person
	start                int64 // Unix milliseconds
	status               byte
}

// entitlementChange makes Discord's "Entitlement Create", "Update" and "Delete".
func (g *Generator) entitlementChange(dst []byte) (string, []byte) {
	n := len(g.entitlements)
	change := g.r.below(3)
	if n == 0 || change == 0 && n < maxSales {
		e := &sale{id: g.id(), sku: "1195510123456789012", user: g.world.person(&g.r), start: g.now}
		g.entitlements = append(g.entitlements, e)
		return "ENTITLEMENT_CREATE", g.appendEntitlement(dst, e, false)
	}
	e := pick(&g.r, g.entitlements)
	if change == 1 {
		return "ENTITLEMENT_UPDATE", g.appendEntitlement(dst, e, false)
	}
	g.entitlements = remove(g.entitlements, e)
	return "ENTITLEMENT_DELETE", g.appendEntitlement(dst, e, true)
}

// appendEntitlement appends e (Discord: "Entitlement Object").
func (g *Generator) appendEntitlement(dst []byte, e *sale, deleted bool) []byte {
	is := "false"
	if deleted {
		is = "true"
	}
	dst = add(dst, `{"user_id":"`, e.user.id, `","type":8,"starts_at":`)
	dst = appendTime(dst, e.start)
	dst = appendTime(append(dst, `,"ends_at":`...), e.start+30*86_400_000)
	return add(dst, `,"sku_id":"`, e.sku, `","id":"`, e.id, `","deleted":`, is, `,"consumed":false,"application_id":"`, g.bot, `"}`)
}

// subscriptionChange makes Discord's "Subscription Create", "Update" and "Delete".
func (g *Generator) subscriptionChange(dst []byte) (string, []byte) {
	n := len(g.subscriptions)
	change := g.r.below(3)
	if n == 0 || change == 0 && n < maxSales {
		s := &sale{id: g.id(), sku: "1195510123456789012", entitlement: g.id(), user: g.world.person(&g.r), start: g.now, status: '0'}
		g.subscriptions = append(g.subscriptions, s)
		return "SUBSCRIPTION_CREATE", s.appendSubscription(dst)
	}
	s := pick(&g.r, g.subscriptions)
	if change == 1 {
		s.status ^= '0' ^ '1' // it ends, or goes on after all
		return "SUBSCRIPTION_UPDATE", s.appendSubscription(dst)
	}
	g.subscriptions = remove(g.subscriptions, s)
	s.status = '2'
	return "SUBSCRIPTION_DELETE", s.appendSubscription(dst)
}

// appendSubscription appends s (Discord: "Subscription Object").
func (s *sale) appendSubscription(dst []byte) []byte {
	dst = add(dst, `{"user_id":"`, s.user.id, `","status":`, string(s.status), `,"sku_ids":["`, s.sku, `"],"renewal_sku_ids":null,"id":"`, s.id,
		`","entitlement_ids":["`, s.entitlement, `"],"current_period_start":`)
	dst = appendTime(dst, s.start)
	dst = appendTime(append(dst, `,"current_period_end":`...), s.start+30*86_400_000)
	dst = append(dst, `,"canceled_at":`...)
	if s.status == '0' {
		return append(dst, "null}"...)
	}
	return append(appendTime(dst, s.start+86_400_000), '}')
}
