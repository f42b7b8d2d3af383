package gatewaytest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// restLimit is how many requests a route takes in a time.
type restLimit struct {
	requests int
	per      time.Duration
}

// Discord's limits are not documented, and change. Messages have the one that every bot's author
// knows; the others are wide enough for a start.
var (
	messageLimit = restLimit{5, 5 * time.Second}
	otherLimit   = restLimit{200, 10 * time.Second}
)

// maxRESTBuckets bounds what clients can make the server remember.
const maxRESTBuckets = 4096

// restBucket counts the requests of a route about one channel, guild or application.
type restBucket struct {
	left  int
	reset time.Time
}

// limited takes a request off its route's rate limit, and says so in the headers (Discord: "Rate
// Limits"). It answers 429, and reports true, if nothing is left.
func (c *call) limited(now time.Time) bool {
	limit := otherLimit
	if c.PathValue("channel") != "" {
		limit = messageLimit
	}
	left, reset := c.srv.takeREST(c.route+" "+c.PathValue("channel")+c.PathValue("guild")+c.PathValue("token"), limit, now)
	name := md5.Sum([]byte(c.route)) // an opaque name, of the length that Discord's have
	h := c.ResponseWriter.Header()
	h.Set("X-RateLimit-Bucket", hex.EncodeToString(name[:]))
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit.requests))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	h.Set("X-RateLimit-Reset", fmt.Sprintf("%.3f", float64(reset.UnixMilli())/1000))
	h.Set("X-RateLimit-Reset-After", fmt.Sprintf("%.3f", reset.Sub(now).Seconds()))
	if left < 0 {
		c.tooMany(reset.Sub(now), "user")
		return true
	}
	return false
}

// takeREST takes one request of a bucket. Below zero there was none left.
func (s *Server) takeREST(bucket string, limit restLimit, now time.Time) (left int, reset time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.restBuckets[bucket]
	if b == nil || !now.Before(b.reset) {
		if len(s.restBuckets) >= maxRESTBuckets {
			clear(s.restBuckets)
		}
		b = &restBucket{limit.requests, now.Add(limit.per)}
		s.restBuckets[bucket] = b
	}
	b.left = max(b.left-1, -1)
	return b.left, b.reset
}

// tooMany answers that the client has to wait.
func (c *call) tooMany(wait time.Duration, scope string) {
	h := c.ResponseWriter.Header()
	h.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	h.Set("X-RateLimit-Scope", scope)
	c.answer(http.StatusTooManyRequests, map[string]any{
		"message":     "You are being rate limited.",
		"retry_after": wait.Seconds(),
		"global":      false,
	})
}
