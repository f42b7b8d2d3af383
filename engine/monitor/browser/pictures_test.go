package browser

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sluice-go/sluice/gatewaytest"
)

func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// TestPictures takes those of the README, in a storm: -pictures names the directory.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -pictures")
	}
	const shards = 1200
	b := newBot(t, shards, gatewaytest.WithTraffic(4), gatewaytest.WithGuilds(1, 2048))
	ctx := browser(t, 1200, 980, false)
	openPage(t, ctx, b, shards)
	time.Sleep(45 * time.Second) // for the charts
	for id := 0; id < shards; id++ {
		if id%3 != 0 && id > 200 && id < 1100 {
			b.gateway.CloseWith(id, 4000, "restarting")
		}
	}
	until(t, ctx, `document.getElementById("incidents").textContent.includes("dropped") && sluice.grid.counts()[6] > 800 && sluice.grid.counts()[6] < 1100`)
	time.Sleep(200 * time.Millisecond)
	picture(t, ctx, "page-light.png")
	dark := browser(t, 1200, 980, true)
	do(t, dark, chromedp.Navigate(b.url+"/"))
	b.eventually(t, func() bool { return b.ready() == shards })
	until(t, dark, `window.sluice && sluice.grid.counts()[6] === 1200`)
	clickShard(t, dark, 401)
	until(t, dark, `document.getElementById("p-body").textContent.includes("restarting")`)
	time.Sleep(2 * time.Second)
	picture(t, dark, "page-dark.png")
	phone := browser(t, 390, 800, false)
	do(t, phone, chromedp.Navigate(b.url+"/"))
	until(t, phone, `window.sluice && sluice.grid.counts()[6] === 1200`)
	time.Sleep(time.Second)
	picture(t, phone, "page-phone.png")
}
