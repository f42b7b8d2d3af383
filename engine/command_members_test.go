package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// members is a loop over RequestMembers in a goroutine of its own, and what it
// saw: "attempt:index/count", and the error.
type members struct {
	took  chan string
	ended chan error
}

func ask(ctx context.Context, s *Shard, r gateway.MembersRequest) *members {
	m := &members{make(chan string, 1000), make(chan error, 1)}
	go func() {
		defer close(m.took)
		for chunk, err := range s.RequestMembers(ctx, &r) {
			if err != nil {
				m.ended <- err
				return
			}
			m.took <- fmt.Sprintf("%d:%d/%d", chunk.Attempt, chunk.Index, chunk.Count)
		}
		m.ended <- nil
	}()
	return m
}

// all waits for the end, and returns everything that was seen.
func (m *members) all() (string, error) {
	err := <-m.ended
	var seen []string
	for s := range m.took {
		seen = append(seen, s)
	}
	return strings.Join(seen, " "), err
}

var nonceIn = regexp.MustCompile(`"nonce":"([0-9a-z]+)"`)

// asked takes a request for all members of guild 1 and returns its nonce.
func (p *peer) asked() (nonce string) {
	p.t.Helper()
	match := nonceIn.FindStringSubmatch(p.expect(`{"op":8,"d":{"guild_id":"1","query":"","limit":0,`))
	if match == nil {
		p.t.Fatal("no nonce")
	}
	return match[1]
}

// chunk sends a chunk of guild 1.
func (p *peer) chunk(seq int, nonce string, index, count int) {
	p.send(fmt.Sprintf(`{"t":"GUILD_MEMBERS_CHUNK","s":%d,"op":0,"d":{"guild_id":"1","members":[{"user":{"id":"7"},"nonce":"no","chunk_count":9}],`+
		`"chunk_index":%d,"chunk_count":%d,"not_found":["3"],"presences":[{}],"nonce":%q}}`, seq, index, count, nonce))
}

func (p *peer) limited(seq int, retryAfter float64, meta string) {
	p.send(fmt.Sprintf(`{"t":"RATE_LIMITED","s":%d,"op":0,"d":{"opcode":8,"retry_after":%v,"meta":{%s}}}`, seq, retryAfter, meta))
}

func (p *peer) resumed(seq int) {
	p.send(fmt.Sprintf(`{"t":"RESUMED","s":%d,"op":0,"d":{}}`, seq))
}

// away ends a peer whose connection the client has left.
func (p *peer) away() {
	<-p.gone
	p.drop()
	close(p.out)
}

var everybody = gateway.MembersRequest{GuildID: 1}

// withShard runs a test on the fake clock, with one shard that is ready. The test
// returns the peer that is connected at its end.
func withShard(t *testing.T, test func(r *running, s *Shard, p *peer) *peer) {
	synctest.Test(t, func(t *testing.T) {
		before := pool.Lent()
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		r.end(test(r, s, p))
		synctest.Wait()
		if list := r.handlers.current.Load(); list != nil && len(list.all) != 0 {
			t.Errorf("%d callbacks are left behind", len(list.all))
		}
		if s.requests.open != nil || r.listeners.count != 0 {
			t.Error("requests are left behind")
		}
		if n := pool.Lent() - before; n != 0 {
			t.Errorf("%d buffers are left behind", n)
		}
	})
}

// TestRequestMembers: chunks of one request, out of order, one twice, among others'.
func TestRequestMembers(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		m := ask(context.Background(), s, everybody)
		nonce := p.asked()
		p.chunk(2, nonce, 1, 3)
		p.chunk(3, "other", 0, 1)
		p.chunk(4, nonce, 1, 3)
		p.chunk(5, nonce, 2, 3)
		p.send(`{"t":"GUILD_MEMBERS_CHUNK","s":6,"op":0,"d":{"guild_id":"1","chunk_index":0,"chunk_count":1}}`)
		p.send(`{"t":"GUILD_MEMBERS_CHUNK","s":7,"op":0,"d":null}`)
		p.chunk(8, nonce, 0, 3)
		if seen, err := m.all(); err != nil || seen != "0:1/3 0:2/3 0:0/3" {
			t.Errorf("%s, %v", seen, err)
		}
		return p
	})
}

// TestMembersChunk: what a chunk tells, and until when.
func TestMembersChunk(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		go func() { p.chunk(2, p.asked(), 0, 1) }()
		var kept []byte
		for chunk, err := range s.RequestMembers(context.Background(), &everybody) {
			if err != nil {
				t.Fatal(err)
			}
			if chunk.GuildID != 1 || string(chunk.NotFound) != `["3"]` || string(chunk.Presences) != `[{}]` ||
				string(chunk.Members) != `[{"user":{"id":"7"},"nonce":"no","chunk_count":9}]` || !strings.HasPrefix(string(chunk.Data), `{"guild_id":"1",`) {
				t.Errorf("%+v", chunk)
			}
			kept = chunk.Data
		}
		if pool.Poisoning && strings.HasPrefix(string(kept), `{`) {
			t.Error("the loan did not end")
		}
		return p
	})
}

// TestRequestMembersOverAResume: what a replay brings is told once.
func TestRequestMembersOverAResume(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		m := ask(context.Background(), s, everybody)
		nonce := p.asked()
		p.chunk(2, nonce, 0, 3)
		synctest.Wait()
		p.drop()
		p.away()
		q := r.net.accept(t)
		q.resume()
		q.chunk(2, nonce, 0, 3)
		q.chunk(3, nonce, 1, 3)
		q.resumed(3)
		q.chunk(4, nonce, 2, 3)
		if seen, err := m.all(); err != nil || seen != "0:0/3 0:1/3 0:2/3" {
			t.Errorf("%s, %v", seen, err)
		}
		return q
	})
}

// TestRequestMembersOverALostSession: asked again, once, with another nonce and
// when the guild's limit allows it.
func TestRequestMembersOverALostSession(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		again := func(session string) {
			t.Helper()
			p.raw(wiretest.Close(uint16(gateway.CloseSessionTimedOut), ""))
			p.away()
			p = r.net.accept(t)
			p.send(testHello)
			p.expect(`{"op":2,`)
			p.send(strings.NewReplacer("abc", session, "wss://us-east1-b.discord.gg", "ws://resume.discord.gg").Replace(testReady))
		}
		begin := time.Now()
		m := ask(context.Background(), s, everybody)
		first := p.asked()
		p.chunk(2, first, 0, 2)
		again("second")
		second := p.asked()
		if first == second {
			t.Error("the same nonce")
		}
		if d := time.Since(begin); d < limit.MembersPeriod || d > limit.MembersPeriod+time.Second {
			t.Errorf("asked again after %v", d)
		}
		p.chunk(2, first, 1, 2)
		p.chunk(3, second, 0, 2)
		p.chunk(4, second, 1, 2)
		if seen, err := m.all(); err != nil || seen != "0:0/2 1:0/2 1:1/2" {
			t.Errorf("%s, %v", seen, err)
		}

		m = ask(context.Background(), s, everybody)
		p.chunk(5, p.asked(), 0, 2)
		again("third")
		p.asked()
		again("fourth")
		seen, err := m.all()
		var failed *AnswerError
		if !errors.As(err, &failed) || failed.Err != errAnswerLost || seen != "0:0/2" {
			t.Errorf("%s, %v", seen, err)
		}
		return p
	})
}

// TestRequestMembersOverAGap: an answer that was skipped is asked for again.
func TestRequestMembersOverAGap(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		m := ask(context.Background(), s, gateway.MembersRequest{GuildID: 1, Query: "a"})
		p.expect(`{"op":8,`)
		p.event(3) // 2 is missing, and stays so
		p.goodbye()
		p.away()
		q := r.net.accept(t)
		q.resume()
		q.event(3)
		q.resumed(3)
		nonce := nonceIn.FindStringSubmatch(q.expect(`{"op":8,`))[1]
		q.chunk(4, nonce, 0, 1)
		if seen, err := m.all(); err != nil || seen != "1:0/1" {
			t.Errorf("%s, %v", seen, err)
		}
		return q
	})
}

// TestRateLimited: RATE_LIMITED is time, as long as ctx has it.
func TestRateLimited(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		begin := time.Now()
		m := ask(context.Background(), s, everybody)
		nonce := p.asked()
		p.limited(2, 12.5, fmt.Sprintf(`"guild_id":"1","nonce":%q`, nonce))
		again := p.asked()
		if d := time.Since(begin); d != 12500*time.Millisecond || again != nonce {
			t.Errorf("asked again after %v, nonce %s, then %s", d, nonce, again)
		}
		// One that names only the guild, then one that names nothing, then others'.
		p.limited(3, 2, `"guild_id":"1"`)
		p.asked()
		p.limited(4, 2, ``)
		p.asked()
		p.limited(5, 2, `"guild_id":"2"`)
		p.limited(6, 2, `"guild_id":"1","nonce":"other"`)
		p.send(`{"t":"RATE_LIMITED","s":7,"op":0,"d":{"opcode":31,"retry_after":1,"meta":{}}}`)
		p.send(`{"t":"RATE_LIMITED","s":8,"op":0,"d":[]}`)
		p.chunk(9, nonce, 0, 1)
		if seen, err := m.all(); err != nil || seen != "0:0/1" {
			t.Errorf("%s, %v", seen, err)
		}

		// Who has no time for it is told so at once.
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		begin = time.Now()
		m = ask(ctx, s, everybody)
		_, err := m.all()
		var limited *RateLimitedError
		if !errors.As(err, &limited) || limited.GuildID != 1 || limited.RetryAfter != limit.MembersPeriod || !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 0 {
			t.Errorf("%+v after %v", err, time.Since(begin))
		}
		// Who has no deadline, when ctx ends.
		ctx, cancel = context.WithCancel(context.Background())
		m = ask(ctx, s, everybody)
		time.Sleep(10 * time.Second)
		cancel()
		_, err = m.all()
		if !errors.As(err, &limited) || limited.RetryAfter != limit.MembersPeriod-10*time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("%+v", err)
		}
		return p
	})
}

// TestPain25_AllMembersOnceIn30s: nobody runs into the limit on a guild; other
// guilds and other questions are not held up.
func TestPain25_AllMembersOnceIn30s(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		begin := time.Now()
		var all []*members
		for range 3 {
			all = append(all, ask(context.Background(), s, everybody))
		}
		all = append(all,
			ask(context.Background(), s, gateway.MembersRequest{GuildID: 1, Query: "a"}),
			ask(context.Background(), s, gateway.MembersRequest{GuildID: 1, UserIDs: []uint64{7}}),
			ask(context.Background(), s, gateway.MembersRequest{GuildID: 2}))
		asked := map[string][]time.Duration{}
		for i := range 6 {
			sent := p.expect(`{"op":8,`)
			what, _, _ := strings.Cut(strings.TrimPrefix(sent, `{"op":8,"d":`), `,"nonce"`)
			asked[what] = append(asked[what], time.Since(begin))
			p.chunk(2+i, nonceIn.FindStringSubmatch(sent)[1], 0, 1)
		}
		for _, m := range all {
			if _, err := m.all(); err != nil {
				t.Error(err)
			}
		}
		got := fmt.Sprint(asked)
		want := fmt.Sprint(map[string][]time.Duration{
			`{"guild_id":"1","query":"","limit":0`:  {0, limit.MembersPeriod, 2 * limit.MembersPeriod},
			`{"guild_id":"1","query":"a","limit":0`: {0},
			`{"guild_id":"1","user_ids":["7"]`:      {0},
			`{"guild_id":"2","query":"","limit":0`:  {0},
		})
		if got != want {
			t.Errorf("asked %s\nwant  %s", got, want)
		}
		return p
	})
}

// TestRequestMembersAnswers that make no sense, or that nobody reads.
func TestRequestMembersAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		chunks [][2]int
		want   error
	}{
		"index too high": {[][2]int{{1, 1}}, errBadAnswer},
		"no index":       {[][2]int{{-1, 1}}, errBadAnswer},
		"no chunks":      {[][2]int{{0, 0}}, errBadAnswer},
		"too many":       {[][2]int{{0, maxChunks + 1}}, errBadAnswer},
		"another count":  {[][2]int{{0, 2}, {1, 3}}, errBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			withShard(t, func(r *running, s *Shard, p *peer) *peer {
				m := ask(context.Background(), s, everybody)
				nonce := p.asked()
				for i, chunk := range test.chunks {
					p.chunk(2+i, nonce, chunk[0], chunk[1])
				}
				var failed *AnswerError
				if _, err := m.all(); !errors.As(err, &failed) || !errors.Is(err, test.want) {
					t.Error(err)
				}
				return p
			})
		})
	}
}

// TestFellBehind: what nobody reads is bounded, and what came before can be read.
func TestFellBehind(t *testing.T) {
	r := &request{shard: &Shard{}, answer: &membersAnswer{}, bell: make(chan struct{}, 1)}
	r.deliver(&reply{index: 0, count: 4}, []byte("{}"))
	r.unread += maxUnread - 4 // as if read by nobody
	r.deliver(&reply{index: 1, count: 4}, []byte("{}"))
	r.deliver(&reply{index: 2, count: 4}, []byte("{}"))
	r.deliver(&reply{index: 3, count: 4}, nil)
	if len(r.pieces) != 2 || r.unread != maxUnread || r.err != ErrFellBehind {
		t.Errorf("%d pieces, %d bytes, %v", len(r.pieces), r.unread, r.err)
	}
	for range 2 {
		p, ok, err := r.next(context.Background())
		if !ok || err != nil {
			t.Fatal(err)
		}
		p.buf.Release()
	}
	if _, ok, err := r.next(context.Background()); ok || !errors.Is(err, ErrFellBehind) {
		t.Errorf("%v, %v", ok, err)
	}
}

// TestRequestMembersEnds: by its context, with the shard, early.
func TestRequestMembersEnds(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		m := ask(ctx, s, everybody)
		p.chunk(2, p.asked(), 0, 2)
		seen, err := m.all()
		var failed *AnswerError
		if !errors.As(err, &failed) || failed.Came != 1 || failed.Want != 2 || !errors.Is(err, context.DeadlineExceeded) || seen != "0:0/2" {
			t.Errorf("%s, %v", seen, err)
		}
		// A loop that is left leaves nothing: see withShard.
		go func() {
			nonce := p.asked()
			p.chunk(3, nonce, 0, 3)
			p.chunk(4, nonce, 1, 3)
			p.chunk(5, nonce, 2, 3)
		}()
		for range s.RequestMembers(context.Background(), &everybody) {
			synctest.Wait()
			break
		}
		var large *gateway.PayloadTooLargeError
		var field *gateway.FieldError
		for _, err := range s.RequestMembers(context.Background(), &gateway.MembersRequest{}) {
			if !errors.As(err, &field) || field.Field != "guild_id" {
				t.Error(err)
			}
		}
		for _, err := range s.RequestMembers(context.Background(), &gateway.MembersRequest{GuildID: 1, Nonce: "x"}) {
			if !errors.As(err, &field) || field.Field != "nonce" {
				t.Error(err)
			}
		}
		for _, err := range s.RequestMembers(context.Background(), &gateway.MembersRequest{GuildID: 1, Query: strings.Repeat("x", 5000)}) {
			if !errors.As(err, &large) {
				t.Error(err)
			}
		}
		return p
	})
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		m := ask(context.Background(), s, everybody)
		p.asked()
		go func() {
			if _, err := m.all(); !errors.Is(err, ErrStopped) {
				t.Error(err)
			}
		}()
		return p
	})
}

// TestRequestInCallback is refused, on whatever shard, at whatever depth; in a
// goroutine of its own it is not.
func TestRequestInCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		results := make(chan error, 2)
		var deep func(n int, s *Shard) error
		deep = func(n int, s *Shard) error {
			if n > 0 {
				return deep(n-1, s)
			}
			_, err := s.RequestChannelInfo(context.Background(), 1, gateway.ChannelStatus)
			return err
		}
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) {
			s := ev.Shard
			results <- deep(1000, s)
			go func() { results <- deep(0, s) }()
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		if err := <-results; !errors.Is(err, ErrInCallback) {
			t.Error(err)
		}
		p.expect(`{"op":43,`)
		p.send(`{"t":"CHANNEL_INFO","s":3,"op":0,"d":{"guild_id":"1","channels":[]}}`)
		if err := <-results; err != nil {
			t.Error(err)
		}
		r.end(p)
	})
}

// TestPain15_FloodOfRequests: more than a connection may carry wait for their
// permits, over a reconnect, and all are answered.
func TestPain15_FloodOfRequests(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		const flood = 400
		results := make(chan error, flood)
		for i := range flood {
			go func() {
				_, err := ask(context.Background(), s, gateway.MembersRequest{GuildID: 1, UserIDs: []uint64{uint64(i + 1)}}).all()
				results <- err
			}()
		}
		seq, onThis := 1, 0
		for range flood {
			sent := p.expect(`{"op":8,`)
			seq++
			p.chunk(seq, nonceIn.FindStringSubmatch(sent)[1], 0, 1)
			if onThis++; onThis == 2*115 { // and no permit is left, so nothing is on its way
				synctest.Wait()
				p.drop()
				p.away()
				p = r.net.accept(t)
				p.resume()
				p.resumed(seq)
				onThis = 0
			}
		}
		for range flood {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		return p
	})
}
