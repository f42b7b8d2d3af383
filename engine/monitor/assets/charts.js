"use strict";
// Chart draws lines over time on a small canvas, from 0 to the highest value.
class Chart {
  constructor(canvas, output, text) {
    this.canvas = canvas; this.output = output; this.text = text; this.lines = []; this.x = -1;
    canvas.addEventListener("pointermove", (e) => { this.x = e.offsetX; this.draw(); });
    canvas.addEventListener("pointerleave", () => { this.x = -1; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // set takes lines of values, null where there is none, that end at a time in ms and are step s apart.
  set(lines, end, step) { this.lines = lines; this.end = end; this.step = step; this.draw(); }

  draw() {
    const c = this.canvas, ratio = devicePixelRatio || 1, w = c.clientWidth, h = c.clientHeight;
    if (!w || !this.lines.length) return;
    c.width = w * ratio; c.height = h * ratio;
    const p = c.getContext("2d"), style = getComputedStyle(document.documentElement);
    p.scale(ratio, ratio);
    const n = this.lines[0].length, top = 12, foot = 4;
    let most = 0;
    for (const line of this.lines) for (const v of line) if (v > most) most = v;
    const high = Chart.nice(most);
    const X = (i) => (i / Math.max(n - 1, 1)) * w, Y = (v) => h - foot - (v / high) * (h - top - foot);
    p.strokeStyle = style.getPropertyValue("--line"); p.lineWidth = 1;
    for (const y of [Y(0), Y(high)]) { p.beginPath(); p.moveTo(0, y + 0.5); p.lineTo(w, y + 0.5); p.stroke(); }
    this.lines.forEach((line, k) => {
      p.strokeStyle = style.getPropertyValue(k % 2 ? "--k1" : "--k0").trim(); p.lineWidth = 1.5;
      if (this.lines.length > 2) p.globalAlpha = 0.55;
      p.beginPath();
      let drawing = false, from = 0;
      for (let i = 0; i <= n; i++) {
        const v = i < n ? line[i] : null;
        if (v === null || v === undefined) {
          if (drawing && i - from === 1) p.lineTo(X(from) + 1.5, Y(line[from]));
          drawing = false; continue;
        }
        if (drawing) p.lineTo(X(i), Y(v)); else { p.moveTo(X(i), Y(v)); from = i; }
        drawing = true;
      }
      p.stroke();
      p.globalAlpha = 1;
    });
    p.fillStyle = style.getPropertyValue("--soft").trim(); p.font = "10.5px system-ui, sans-serif";
    p.fillText(this.text(high), 2, top - 2);
    let i = n - 1;
    while (i > 0 && this.lines.every((l) => l[i] === null)) i--;
    let when = "";
    if (this.x >= 0) {
      i = Math.min(n - 1, Math.max(0, Math.round((this.x / w) * (n - 1))));
      p.strokeStyle = style.getPropertyValue("--soft"); p.beginPath(); p.moveTo(X(i), 0); p.lineTo(X(i), h); p.stroke();
      when = new Date(this.end - (n - 1 - i) * this.step * 1000).toLocaleTimeString() + "  ";
    }
    const values = this.lines.length > 2 ? [Math.max(...this.lines.map((l) => l[i] ?? 0))] : this.lines.map((l) => l[i]);
    this.output.textContent = when + values.map((v) => (v === null || v === undefined ? "–" : this.text(v))).join(" · ");
  }

  // nice returns the next of 1, 2, 5, 10 …
  static nice(v) {
    if (!(v > 0)) return 1;
    const unit = 10 ** Math.floor(Math.log10(v));
    for (const k of [1, 2, 5, 10]) if (v <= k * unit) return k * unit;
    return v;
  }
}
