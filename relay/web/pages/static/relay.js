"use strict";
// Pages are whole without this. It draws charts from their tables, says whether the page is live, and filters at once.
(() => {
  const drawn = new Map();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function read(figure) {
    const rows = [...figure.querySelectorAll("tbody tr")];
    const heads = [...figure.querySelectorAll("thead [data-tone]")];
    return {
      times: rows.map((row) => Number(row.querySelector("[data-at]").dataset.at)),
      whens: rows.map((row) => row.querySelector("[data-at]").textContent),
      lines: heads.map((head, nth) => ({
        name: head.textContent,
        fill: css(`--${head.dataset.tone}-fill`),
        counts: rows.map((row) => Number(row.querySelectorAll(".number")[nth].textContent)),
      })),
    };
  }

  // Each line stands on those after it, so the whole stack is drawn first and the last line on top of it.
  function stacked({ times, lines }) {
    const sums = new Array(times.length).fill(0);
    const tops = [...lines].reverse().map(({ counts }) => counts.map((n, at) => (sums[at] += n)));
    return [times, ...tops.reverse()];
  }

  function options(figure, plot, data) {
    const bars = uPlot.paths.bars({ size: [0.72, 40], radius: 0.12 });
    const axis = { stroke: css("--soft"), font: `11px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
    const output = figure.querySelector("output");
    return {
      width: plot.clientWidth || figure.clientWidth - 20,
      height: 168,
      legend: { show: false },
      padding: [8, 8, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: (u, from, to) => [from - data.step * 0.6, to + data.step * 0.6] }, y: { range: (u, from, to) => [0, Math.max(to * 1.1, 4)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 60, size: 26, values: (u, ticks) => ticks.map((at) => tick(at, data.step)) },
        { ...axis, grid: { stroke: css("--hair"), width: 1 }, size: 40, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] },
      ],
      series: [{}, ...data.lines.map(({ fill }) => ({ fill, width: 0, paths: bars, points: { show: false } }))],
      hooks: {
        setCursor: [(u) => {
          const at = u.cursor.idx;
          const { whens, lines } = drawn.get(figure.id)?.data ?? data;
          output.textContent = at == null || u.cursor.left < 0 ? "" : [whens[at], ...lines.filter(({ counts }) => counts[at]).map(({ name, counts }) => `${counts[at]} ${name}`)].join(" · ");
        }],
      },
    };
  }

  function tick(at, step) {
    const when = new Date(at * 1000);
    return step < 20000 ? when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false }) : when.toLocaleDateString([], { day: "numeric", month: "short" });
  }

  function draw(figure, anew) {
    const plot = figure.querySelector(".plot");
    const data = { ...read(figure), step: Number(figure.dataset.step) };
    const known = drawn.get(figure.id);
    if (known && !anew && known.data.step === data.step && plot.firstChild) {
      known.data = data;
      known.plot.setData(stacked(data));
      return;
    }
    known?.plot.destroy();
    plot.textContent = " ";  // so that it has a width to be measured
    const options_ = options(figure, plot, data);
    plot.textContent = "";
    drawn.set(figure.id, { data, plot: new uPlot(options_, stacked(data), plot) });
  }

  function drawAll(anew) {
    if (window.uPlot) document.querySelectorAll("figure.chart").forEach((figure) => draw(figure, anew));
  }

  function fit() {
    for (const { plot } of drawn.values()) {
      plot.setSize({ width: plot.root.parentElement.clientWidth, height: 168 });
    }
  }

  function say(live) {
    const link = document.getElementById("link");
    if (!link) return;
    link.hidden = false;
    link.classList.toggle("on", live);
    const words = live ? "Live" : "Connecting…";
    if (link.textContent !== words) link.textContent = words;
  }

  document.addEventListener("htmx:sse:after:connection", () => say(true));
  document.addEventListener("htmx:sse:error", () => say(false));
  document.addEventListener("htmx:after:swap", () => drawAll(false));
  document.addEventListener("change", ({ target }) => {
    const form = target.closest("form.filters");
    if (form && target.matches("select")) form.requestSubmit();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
  addEventListener("resize", fit);
  drawAll(true);
})();
