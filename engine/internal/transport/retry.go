package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the longest wait that a peer's Retry-After leads to. Longer ones are
// cut to it, so that a mistake of a server, or of a proxy in between, does not keep a bot
// away for days.
const MaxRetryAfter = time.Hour

// RetryAfter returns how long an answer's headers ask to wait: Retry-After in seconds or
// as a date (RFC 9110, section 10.2.3), or else Discord's X-RateLimit-Reset-After. It is
// 0 where they ask for nothing that makes sense, and MaxRetryAfter at most.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if wait := Seconds(value); wait > 0 {
		return wait
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), MaxRetryAfter)
	}
	return Seconds(strings.TrimSpace(h.Get("X-RateLimit-Reset-After")))
}

// Seconds returns a wait that is written as a number of seconds, or 0.
func Seconds(s string) time.Duration {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && n == 0 || !(n > 0) { // a number beyond all has an error and is infinite
		return 0
	}
	if n >= MaxRetryAfter.Seconds() {
		return MaxRetryAfter
	}
	return time.Duration(n * float64(time.Second))
}
