"use strict";
// Grid draws a mark for each shard on one canvas. Marks are painted once for each state and
// size, and their pixels copied: ten thousand of them take a few milliseconds, also without
// a graphics card. A frame that changes little copies only the marks that changed.
class Grid {
  static fades = [0, 0.06, 0.12, 0.18, 0.25]; // how strong the frame of a change is, the last first

  constructor(canvas, tip, names, open) {
    this.canvas = canvas; this.tip = tip; this.names = names; this.open = open;
    this.pen = canvas.getContext("2d");
    this.states = new Uint8Array(0); this.ids = []; this.totals = []; this.rows = []; this.places = new Map();
    this.flashes = new Map(); this.dirty = new Set(); this.whole = true; this.cursor = -1; this.hovered = -1; this.frames = 0;
    new ResizeObserver(() => this.layout()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.layout());
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    canvas.addEventListener("pointermove", (e) => this.hover(this.at(e)));
    canvas.addEventListener("pointerleave", () => this.hover(-1));
    canvas.addEventListener("click", (e) => { const i = this.at(e); if (i >= 0) { this.move(i); this.open(this.ids[i], this.totals[i]); } });
    canvas.addEventListener("keydown", (e) => this.key(e));
    canvas.addEventListener("blur", () => this.move(-1));
  }

  // set takes the states of all shards.
  set(groups) {
    const states = [];
    this.ids = []; this.totals = []; this.places = new Map(); this.groups = groups;
    for (const g of groups) {
      for (let i = 0; i < g.states.length; i++) {
        const id = g.ids ? g.ids[i] : i;
        this.places.set(g.total * 2097152 + id, this.ids.length);
        this.ids.push(id); this.totals.push(g.total); states.push(g.states.charCodeAt(i) - 48);
      }
    }
    this.states = Uint8Array.from(states);
    this.layout();
  }

  // update takes [id, total, state] of some. It returns false if one of them is not known.
  update(list) {
    let known = true;
    const now = performance.now();
    for (const [id, total, state] of list) {
      const i = this.places.get(total * 2097152 + id);
      if (i === undefined) { known = false; continue; }
      if (this.states[i] === state) continue;
      this.states[i] = state; this.dirty.add(i);
      if (!this.still) this.flashes.set(i, now);
    }
    this.later();
    return known;
  }

  counts() {
    const n = new Array(this.names.length).fill(0);
    for (const s of this.states) n[s]++;
    return n;
  }

  // layout finds the largest marks with which all shards fit.
  layout() {
    const width = Math.max(this.canvas.parentElement.clientWidth, 100), most = Math.min(460, innerHeight * 0.55);
    const sizes = (this.groups || []).map((g) => g.states.length);
    let size = 24;
    const height = (s) => sizes.reduce((sum, n) => sum + Math.ceil(n / Math.floor(width / s)) * s, Math.max(sizes.length - 1, 0) * s);
    while (size > 6 && height(size) > most) size--;
    this.size = size; this.columns = Math.max(1, Math.floor(width / size)); this.rows = [];
    let y = 0, first = 0;
    for (const n of sizes) {
      this.rows.push({ first, n, y });
      y += (Math.ceil(n / this.columns) + 1) * size; first += n;
    }
    this.ratio = devicePixelRatio || 1;
    const h = Math.max(y - size, size);
    this.canvas.width = Math.round(width * this.ratio); this.canvas.height = Math.round(h * this.ratio);
    this.canvas.style.height = h + "px";
    this.paint(); this.whole = true; this.later();
  }

  // paint makes the marks: colour and shape both tell the state. There is a row of them for each
  // step in which the frame of a mark that has just changed fades.
  paint() {
    const style = getComputedStyle(document.documentElement), s = Math.round(this.size * this.ratio), n = this.names.length;
    const sheet = document.createElement("canvas");
    sheet.width = s * n; sheet.height = s * Grid.fades.length;
    const p = sheet.getContext("2d", { willReadFrequently: true }), pad = Math.max(1, s * 0.12), a = pad, b = s - pad, m = s / 2, w = b - a;
    const ink = style.getPropertyValue("--ink").trim();
    p.fillStyle = style.getPropertyValue("--card").trim(); p.fillRect(0, 0, sheet.width, sheet.height);
    Grid.fades.forEach((strength, row) => this.names.forEach((_, i) => {
      p.save(); p.translate(i * s, row * s);
      p.fillStyle = ink; p.globalAlpha = strength; p.fillRect(0, 0, s, s); p.globalAlpha = 1;
      p.fillStyle = p.strokeStyle = style.getPropertyValue("--s" + i).trim();
      p.lineWidth = Math.max(1.5, s * 0.17); p.beginPath();
      switch (i) {
        case 0: p.moveTo(a + 1, a + 1); p.lineTo(b - 1, b - 1); p.moveTo(b - 1, a + 1); p.lineTo(a + 1, b - 1); p.stroke(); break;
        case 1: case 2: p.moveTo(m, a); p.lineTo(b, m); p.lineTo(m, b); p.lineTo(a, m); p.closePath(); if (i === 1) { p.lineWidth *= 0.8; p.stroke(); } else p.fill(); break;
        case 3: p.rect(a, m - w * 0.18, w, w * 0.36); p.fill(); break;
        case 4: p.moveTo(m, a); p.lineTo(b, b); p.lineTo(a, b); p.closePath(); p.fill(); break;
        case 5: p.arc(m, m, w / 2 - p.lineWidth / 2, 0, 7); p.stroke(); break;
        case 7: p.moveTo(a, a); p.lineTo(b, a); p.lineTo(m, b); p.closePath(); p.fill(); break;
        case 8: p.arc(m, m, w / 2, 0, 7); p.fill(); break;
        default: p.roundRect(a, a, w, w, w * 0.18); p.fill();
      }
      p.restore();
    }));
    p.fillStyle = ink; p.fillRect(0, 0, 1, 1);
    const pixels = (x, y, w, h) => new Uint32Array(p.getImageData(x, y, w, h).data.buffer);
    this.ink = pixels(0, 0, 1, 1)[0];
    p.fillStyle = style.getPropertyValue("--card").trim(); p.fillRect(0, 0, 1, 1);
    this.mark = s; this.marks = [];
    for (let row = 0; row < Grid.fades.length; row++) for (let i = 0; i < n; i++) this.marks.push(pixels(i * s, row * s, s, s));
    this.image = this.pen.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.pixels.fill(pixels(0, 0, 1, 1)[0]);
    this.fade = new Uint8Array(this.states.length);
  }

  later() {
    if (!this.asked) { this.asked = true; requestAnimationFrame((t) => this.draw(t)); }
  }

  // draw copies the marks that changed, and shows the part of the picture in which they lie.
  draw(now) {
    this.asked = false; this.frames++;
    for (const [i, since] of this.flashes) {
      const step = Math.floor(((now - since) / 900) * Grid.fades.length), fade = Math.max(0, Grid.fades.length - 1 - Math.max(0, step));
      if (step >= Grid.fades.length) this.flashes.delete(i);
      if (fade !== this.fade[i]) { this.fade[i] = fade; this.dirty.add(i); }
    }
    if (this.whole) for (let i = 0; i < this.states.length; i++) this.one(i);
    else for (const i of this.dirty) this.one(i);
    if (this.whole || this.dirty.size > 100) this.pen.putImageData(this.image, 0, 0);
    else for (const i of this.dirty) { const [x, y] = this.corner(i); this.pen.putImageData(this.image, 0, 0, x, y, this.mark, this.mark); }
    this.whole = false; this.dirty.clear();
    if (this.flashes.size) this.later();
  }

  corner(i) { const [x, y] = this.place(i); return [Math.round(x * this.ratio), Math.round(y * this.ratio)]; }

  // one copies a mark into the picture, with a line around it where the cursor is.
  one(i) {
    const s = this.mark, width = this.canvas.width, [x, y] = this.corner(i), out = this.pixels;
    const from = this.marks[this.fade[i] * this.names.length + this.states[i]];
    const right = Math.min(s, width - x), bottom = Math.min(s, this.canvas.height - y), framed = i === this.cursor || i === this.hovered;
    for (let r = 0; r < bottom; r++) {
      const to = (y + r) * width + x;
      for (let c = 0; c < right; c++) out[to + c] = framed && (r === 0 || c === 0 || r === s - 1 || c === s - 1) ? this.ink : from[r * s + c];
    }
  }

  place(i) {
    let row = this.rows[0];
    if (this.rows.length > 1) for (const r of this.rows) if (i >= r.first) row = r;
    const k = i - row.first;
    return [(k % this.columns) * this.size, row.y + Math.floor(k / this.columns) * this.size];
  }

  at(e) {
    const column = Math.floor(e.offsetX / this.size);
    if (column >= this.columns) return -1;
    for (const r of this.rows) {
      const k = Math.floor((e.offsetY - r.y) / this.size) * this.columns + column;
      if (e.offsetY >= r.y && k >= 0 && k < r.n) return r.first + k;
    }
    return -1;
  }

  again(i) { if (i >= 0) { this.dirty.add(i); this.later(); } }

  hover(i) {
    if (i !== this.hovered) { this.again(this.hovered); this.hovered = i; this.again(i); }
    this.say(i >= 0 ? i : this.cursor);
  }

  move(i) {
    this.again(this.cursor); this.cursor = i; this.again(i); this.say(i);
  }

  say(i) {
    this.tip.hidden = i < 0;
    if (i < 0) return;
    const [x, y] = this.place(i), width = this.canvas.clientWidth;
    this.tip.textContent = `shard ${this.ids[i]}: ${this.names[this.states[i]]}`;
    this.tip.style.left = Math.min(x + this.size, Math.max(0, width - this.tip.offsetWidth)) + "px";
    this.tip.style.top = y + this.size + 4 + "px";
  }

  key(e) {
    const n = this.states.length, step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns }[e.key];
    if (step && n) { e.preventDefault(); this.move(Math.min(n - 1, Math.max(0, this.cursor < 0 ? 0 : this.cursor + step))); }
    if ((e.key === "Enter" || e.key === " ") && this.cursor >= 0) { e.preventDefault(); this.open(this.ids[this.cursor], this.totals[this.cursor]); }
  }
}
