package bridge

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"sync"
	"time"
)

// client is a bot that may connect, with what its connections share.
type client struct {
	name   string
	shares bool
	starts starts
}

// keyring knows who holds which token. It keeps hashes alone.
type keyring struct {
	keys []key
}

type key struct {
	hash [sha256.Size]byte
	of   *client
}

func newKeyring(config *Config) *keyring {
	r := new(keyring)
	clients := map[string]*client{}
	for _, bot := range config.Bots {
		c := clients[bot.Name]
		if c == nil {
			c = &client{name: bot.Name, shares: slices.Contains(config.Share, bot.Name)}
			c.starts = starts{perDay: config.StartsPerDay, perMinute: config.StartsPerMinute}
			clients[bot.Name] = c
		}
		r.keys = append(r.keys, key{sha256.Sum256([]byte(bot.Token)), c})
	}
	return r
}

// holder returns who holds a token, nil for nobody. How long that takes does not depend on how much of a token
// is right: its hash is compared, with all there are, to the end.
func (r *keyring) holder(token string) (of *client) {
	hash := sha256.Sum256([]byte(token))
	for i := range r.keys {
		if subtle.ConstantTimeCompare(hash[:], r.keys[i].hash[:]) == 1 {
			of = r.keys[i].of
		}
	}
	return of
}

// named returns the bot of a name, nil for none.
func (r *keyring) named(name string) *client {
	for i := range r.keys {
		if r.keys[i].of.name == name {
			return r.keys[i].of
		}
	}
	return nil
}

// starts counts a bot's identifies, in this minute and this day.
type starts struct {
	perDay, perMinute int

	mu          sync.Mutex
	day, minute time.Time // when they began
	today, now  int
}

// take counts an identify. It reports whether the minute's limit allows it, and the day's.
func (s *starts) take(now time.Time) (minute, day bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew(now)
	if s.today >= s.perDay {
		return true, false
	}
	if s.now >= s.perMinute {
		return false, true
	}
	s.today++
	s.now++
	return true, true
}

// left returns how many identifies are left today, and when the day ends.
func (s *starts) left(now time.Time) (remaining int, reset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew(now)
	return s.perDay - s.today, s.day.Add(24 * time.Hour).Sub(now)
}

func (s *starts) renew(now time.Time) {
	if now.Sub(s.day) >= 24*time.Hour {
		s.day, s.today = now, 0
	}
	if now.Sub(s.minute) >= time.Minute {
		s.minute, s.now = now, 0
	}
}
