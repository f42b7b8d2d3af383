"use strict";
// The page without script shows all that matters; this makes it live.
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  root.classList.add("live");
  const names = ["Disconnected", "Connecting", "AwaitingHello", "Queued", "Identifying", "Resuming", "Ready", "Closing", "Stopped"];
  const say = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };
  const count = (n) => Math.round(n).toLocaleString("en-US");
  const short = (n) => (n >= 1e9 ? (n / 1e9).toFixed(1) + " G" : n >= 1e6 ? (n / 1e6).toFixed(1) + " M" : n >= 1e4 ? (n / 1e3).toFixed(1) + " k" : n >= 100 ? count(n) : n ? n.toPrecision(2) : "0");
  const bytes = (n) => short(n) + "B";
  const seconds = (s) => (s >= 1 ? s.toFixed(2) + " s" : s >= 1e-3 ? (s * 1e3).toFixed(1) + " ms" : (s * 1e6).toFixed(0) + " µs");
  const time = (at) => new Date(at).toLocaleTimeString("en-GB");
  const day = (at) => (new Date(at).toDateString() === new Date().toDateString() ? "at " : "tomorrow at ") + time(at);
  const get = async (url) => { const r = await fetch(url); if (!r.ok) throw new Error((await r.json()).error); return r.json(); };
  const make = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };

  // All shards.
  const grid = new Grid($("grid"), $("tip"), names, open);
  const resync = async () => { grid.set((await get("/api/v1/states")).groups); legend(); };
  function legend() {
    const n = grid.counts();
    for (const li of $("legend").children) {
      const k = n[li.dataset.state];
      li.querySelector(".n").textContent = count(k); li.classList.toggle("none", !k);
    }
  }
  $("find").addEventListener("submit", (e) => { e.preventDefault(); const id = parseInt($("find-id").value, 10); if (id >= 0) open(id, grid.totals[grid.totals.length - 1] || 0); });

  // Figures.
  let stalled = 0;
  function headline(shards, ready) {
    const away = shards - ready;
    const text = !shards ? "No shards yet: the engine is starting, or has not been started."
      : stalled ? `${count(stalled)} shards are stalled: a callback does not return.`
      : away === 0 ? (shards === 1 ? "The shard is ready." : `All ${count(shards)} shards are ready.`)
      : `${count(ready)} of ${count(shards)} shards are ready, ${count(away)} not.`;
    say("headline", text);
    $("headline").className = "headline " + (shards && !away && !stalled ? "fine" : "poor");
    say("t-ready", count(ready)); say("t-shards", count(shards));
    return text;
  }
  function tick(s) {
    stalled = s.stalled;
    document.title = `${s.title}: ${headline(s.shards, s.ready)}`;
    say("link", `live · ${time(s.at)}`); $("link").classList.remove("cut");
    say("t-events", short(s.rates.events));
    if (s.rates.latency_p50_s) { const [n, unit] = seconds(s.rates.latency_p50_s).split(" "); say("t-latency", n); say("t-latency-unit", unit + ", median"); }
    say("t-reconnects", count(s.totals.reconnects)); say("t-lost", count(s.totals.missing)); say("t-sessions", count(s.totals.sessions_lost));
    $("t-lost").parentElement.classList.toggle("bad", s.totals.missing + s.totals.sessions_lost > 0);
    if (s.budget.total) {
      say("t-budget", count(s.budget.remaining)); say("t-reset", `of ${count(s.budget.total)}, new ones ${day(s.budget.reset_at)}`);
      const m = $("m-budget"); m.max = s.budget.total; m.low = s.budget.reserve || 0; m.optimum = s.budget.total; m.value = s.budget.remaining;
    }
    if (s.shards !== grid.states.length) resync();
  }

  // Bots, where this process is a gateway for any.
  async function bots() {
    if (!$("bots")) return;
    try {
      const { bots: list } = await get("/api/v1/bots");
      const rows = list.slice(0, 200).map((b) => {
        const row = make("tr");
        for (const text of [b.name, b.shard, b.state, time(b.away || b.since), b.compression || "", count(b.seq), bytes(b.behind_bytes)]) row.append(make("td", text));
        return row;
      });
      if (!rows.length) { const none = make("td", "None yet."); none.colSpan = 7; const row = make("tr"); row.append(none); rows.push(row); }
      $("bots").replaceChildren(...rows);
      say("more-bots", list.length > 200 ? `… and ${count(list.length - 200)} more` : "");
    } catch { /* the next one may come */ }
    setTimeout(bots, document.hidden ? 30000 : 3000);
  }
  bots();

  // What happened.
  function incidents(list) {
    if (!list.length) return;
    $("incidents").replaceChildren(...list.map((in_) => {
      const li = make("li", in_.sentence, in_.lossy ? "lossy" : in_.open ? "open" : in_.note ? "note" : "mended");
      for (const c of (in_.causes || []).slice(0, 3)) li.append(make("small", `${count(c.count)} × ${c.cause}`));
      return li;
    }));
  }

  // The last hour.
  const charts = {
    events: [short, (f) => [f.events]], bytes: [bytes, (f) => [f.bytes_json, f.bytes_wire]], latency: [seconds, (f) => [f.latency_p50_s, f.latency_p99_s]],
    reconnects: [short, (f) => [f.reconnects]], ready: [count, (f) => [f.ready]], callbacks: [(v) => v.toFixed(3), (f) => [f.in_callbacks]],
    loops: [(v) => (v * 100).toFixed(1) + " %", (f, loops) => loops], memory: [bytes, (f) => [f.memory_bytes]],
  };
  for (const canvas of document.querySelectorAll("[data-chart]")) {
    const c = charts[canvas.dataset.chart];
    c.chart = new Chart(canvas, document.querySelector(`[data-for=${canvas.dataset.chart}]`), c[0]);
  }
  let span = 300, timer;
  async function history() {
    clearTimeout(timer);
    try {
      const h = await get(`/api/v1/history?seconds=${span}&points=300`);
      for (const c of Object.values(charts)) c.chart.set(c[1](h.series, h.loops_busy), h.end_ms, h.step_s);
    } catch { /* the next one may come */ }
    timer = setTimeout(history, document.hidden ? 30000 : span > 1000 ? 10000 : 3000);
  }
  for (const b of document.querySelectorAll("[data-span]")) {
    b.addEventListener("click", () => {
      span = +b.dataset.span;
      for (const o of document.querySelectorAll("[data-span]")) o.setAttribute("aria-pressed", o === b);
      history();
    });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) history(); });

  // One shard.
  let shown = null, before = null;
  async function open(id, total) {
    if (!shown) before = document.activeElement;
    shown = { id, total };
    $("panel").hidden = false; say("p-title", `Shard ${id}`);
    if ($("p-answer")) { say("p-answer", ""); }
    await look();
    $("p-close").focus();
  }
  function close() { shown = null; $("panel").hidden = true; if (before) before.focus(); }
  async function look() {
    if (!shown) return;
    const { id, total } = shown;
    let v;
    try { v = await get(`/api/v1/shards/${id}?total=${total}`); } catch (e) { $("p-body").replaceChildren(make("p", e.message, "failed")); return; }
    if (!shown || shown.id !== id) return;
    say("p-title", `Shard ${v.id} of ${v.total}`);
    const facts = make("dl", undefined, "facts");
    const fact = (name, text) => { if (text) facts.append(make("dt", name), make("dd", text)); };
    const state = make("p"), glyph = make("span", undefined, "glyph s" + names.indexOf(v.state));
    state.append(glyph, make("b", v.state), ` since ${time(v.since)}`);
    fact("Not ready since", v.not_ready && time(v.not_ready));
    fact("Stalled for", v.stalled_ns && seconds(v.stalled_ns / 1e9) + ": a callback does not return");
    fact("Last end", v.cause);
    fact("Waits", v.waits && `until ${time(v.next_at)}: ${v.waits}`);
    fact("Session", `opened by ${v.opened}, at sequence ${count(v.session.seq)}; next: ${v.next}`);
    fact("Heartbeat", v.latency.last_ns ? `${seconds(v.latency.last_ns / 1e9)}, on average ${seconds(v.latency.average_ns / 1e9)}` : "none answered yet");
    fact("Reconnects", Object.entries(v.reconnects).map(([cause, n]) => `${count(n)} ${cause}`).join(", ") || "none");
    fact("Sent", `${count(v.identifies)} identifies, ${count(v.resumes)} resumes`);
    fact("Received", `${bytes(v.flow.in)}, ${bytes(v.flow.out)} of JSON`);
    const story = make("ol", undefined, "story");
    for (const h of (v.happenings || []).reverse()) {
      const li = make("li", undefined, h.kind), at = make("time", time(h.at));
      li.append(at, " ", tell(h)); story.append(li);
    }
    const title = make("h3", "Its story, the newest first");
    $("p-body").replaceChildren(state, facts, title, story);
  }
  function tell(h) {
    const why = h.cause ? ": " + h.cause : "";
    switch (h.kind) {
      case "closed": return `connection ended by ${h.by || "nobody"}${h.code ? " with " + h.code : ""}${why}`;
      case "lost": return h.last ? `events of sequences ${h.first} to ${h.last} are lost${why}` : `session lost: events from ${h.first} on may be missing${why}`;
      case "resumed": return `session resumed from sequence ${h.first} on, ${h.replayed || 0} events replayed`;
      case "slow": return `callbacks held up the shard for ${seconds(h.took_ns / 1e9)} with ${h.cause}`;
      default: return `${h.from} → ${h.to}${why}`;
    }
  }
  $("p-close").addEventListener("click", close);
  document.addEventListener("keydown", (e) => { if (e.key === "Escape" && shown) close(); });

  // Actions.
  for (const form of document.querySelectorAll("form.act")) {
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      const out = form.querySelector(".answer"), doing = e.submitter && e.submitter.dataset.do;
      if (doing === "close" && !confirm(`Close shard ${shown.id} for good?`)) return;
      const url = doing ? `/api/v1/shards/${shown.id}/${doing}` : form.getAttribute("action");
      const body = new URLSearchParams(new FormData(form));
      if (doing) body.set("total", shown.total);
      try {
        const r = await fetch(url, { method: "POST", body }), said = await r.json();
        out.textContent = r.ok ? `Now ${said.done}.` : said.error;
        out.classList.toggle("failed", !r.ok);
      } catch (err) { out.textContent = err.message; out.classList.add("failed"); }
      setTimeout(look, 300);
    });
  }

  // The stream.
  const stream = new EventSource("/api/v1/events");
  const on = (event, take) => stream.addEventListener(event, (e) => take(JSON.parse(e.data)));
  stream.onopen = resync;
  stream.onerror = () => { say("link", "no connection to the bot; trying again"); $("link").classList.add("cut"); };
  on("tick", tick);
  on("states", (list) => { if (!grid.update(list)) resync(); legend(); headline(grid.states.length, grid.counts()[6]); });
  on("incidents", incidents);
  on("happenings", ({ list, more }) => { if (shown && (more || list.some((h) => h.shard === shown.id && h.total === shown.total))) look(); });
  window.sluice = { grid, charts }; // for tests
  history();
})();
