"use strict";
/* Draw a picture; the network in this page sees it cell by cell and says what it is. */
(() => {
  const root = document.getElementById("player");
  if (!root) return;
  const about = JSON.parse(document.getElementById("player-data").textContent);
  const { height, width, brightest, frame, classes } = about;
  const run = LayerwiseNetwork(about.network);
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const pad = part("pad"), seen = part("seen"), says = part("says"), live = part("live");
  const FINE = 4;             // cells of the fine bitmap in one cell of the picture, each way
  const LONG = 1000;          // coordinates of strokes, independent of the size on the screen
  let strokes = [], pixels = new Float64Array(height * width), cursor = [0, 0], drawing = false;

  /* -- from strokes to a picture like those of the training ---------------------------------- */

  /* The training pictures were made from bitmaps four times as fine: ink was scaled to a common
     height and centred, then each 4 x 4 block was counted. A drawing is treated alike. Strokes are
     scaled, not pixels, so a small drawing does not get thin lines. */
  function box(points) {
    const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
  const canvas = document.createElement("canvas");
  canvas.width = width * FINE; canvas.height = height * FINE;
  const context = canvas.getContext("2d", { willReadFrequently: true });

  function rasterise(pen, dx, dy) {
    const points = strokes.flat(), [x0, y0, x1, y1] = box(points);
    // The pen adds its own width to the box of the strokes.
    const roomY = Math.max(frame.height - pen, 1) * FINE, roomX = Math.max(frame.widest - pen, 1) * FINE;
    const scale = Math.min(roomY / Math.max(y1 - y0, 1), roomX / Math.max(x1 - x0, 1));
    const cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
    context.fillStyle = "#000"; context.fillRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = "#fff"; context.lineCap = context.lineJoin = "round";
    context.lineWidth = pen * FINE;
    const at = ([x, y]) => [(x - cx) * scale + (width / 2 + dx) * FINE,
                            (y - cy) * scale + (height / 2 + dy) * FINE];
    for (const stroke of strokes) {
      context.beginPath();
      context.moveTo(...at(stroke[0]));
      for (const point of stroke.slice(1)) context.lineTo(...at(point));
      if (stroke.length === 1) context.lineTo(at(stroke[0])[0] + 0.01, at(stroke[0])[1]);
      context.stroke();
    }
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const found = new Float64Array(height * width);
    for (let y = 0; y < canvas.height; y++)
      for (let x = 0; x < canvas.width; x++)
        found[Math.floor(y / FINE) * width + Math.floor(x / FINE)] +=
          data[4 * (y * canvas.width + x)] / 255 / FINE ** 2 * brightest;
    return found;
  }
  function strokeWidth(picture) {
    const at = (y, x) => y < 0 || x < 0 || y >= height || x >= width ? 0 : picture[y * width + x];
    let ink = 0, edge = 0;
    for (const v of picture) ink += v;
    for (let y = -1; y < height; y++)
      for (let x = -1; x < width; x++)
        edge += Math.hypot(at(y + 1, x) - at(y, x), at(y, x + 1) - at(y, x));
    return 2 * ink / Math.max(edge, 1e-12);
  }
  function centre(picture) {
    let ink = 0, across = 0;
    picture.forEach((v, i) => { ink += v; across += v * (i % width + 0.5); });
    return ink ? across / ink : width / 2;
  }
  function fromStrokes() {
    if (!strokes.length) return new Float64Array(height * width);
    // The pen whose strokes look as wide as those of the training: wider pens, wider strokes.
    let low = 0.4, high = 3;
    for (let i = 0; i < 7; i++) {
      const pen = (low + high) / 2;
      if (strokeWidth(rasterise(pen, 0, 0)) < frame.weight) low = pen; else high = pen;
    }
    const pen = (low + high) / 2, first = rasterise(pen, 0, 0);
    // Across, ink is moved to where its centre lies in training; the height fills the frame.
    const dx = Math.max(-1.5, Math.min(1.5, frame.x - centre(first)));
    return rasterise(pen, dx, 0);
  }

  /* -- what is shown -------------------------------------------------------------------------- */

  const VIRIDIS = [[68,1,84],[72,40,120],[62,73,137],[49,104,142],[38,130,142],[31,158,137],
                   [53,183,121],[110,206,88],[181,222,43],[253,231,37]];
  function viridis(share) {
    const place = Math.max(0, Math.min(1, share)) * 9, low = Math.min(8, Math.floor(place));
    return VIRIDIS[low].map((v, i) => Math.round(v + (place - low) * (VIRIDIS[low + 1][i] - v)));
  }
  function paint(target, values, wide, colour) {
    const tall = Math.ceil(values.length / wide);
    if (target.width !== wide || target.height !== tall) { target.width = wide; target.height = tall; }
    const pen = target.getContext("2d"), image = pen.createImageData(wide, tall);
    for (let i = 0; i < values.length; i++) {
      const [r, g, b] = colour(values[i]);
      image.data.set([r, g, b, 255], 4 * i);
    }
    pen.putImageData(image, 0, 0);
  }
  /* Units of a layer in rows: about four times as many beside as below each other. */
  const across = (count) => Math.min(count, 2 ** Math.round(Math.log2(Math.sqrt(4 * count))));
  const ink = (v) => { const grey = Math.round(255 * (1 - Math.min(1, v / brightest))); return [grey, grey, grey]; };

  const shown = about.network.layers.map((layer, i) => ({ layer, i })).filter(({ i }) => {
    const next = about.network.layers[i + 1];
    // A linear layer before its activation is shown after it; the last one as probabilities.
    return next && !(about.network.layers[i].kind === "Linear" && next.kind !== "Linear");
  });
  const strips = shown.map(({ layer, i }) => {
    const holder = document.createElement("div"), name = document.createElement("p");
    const strip = document.createElement("canvas");
    holder.className = "strip"; strip.setAttribute("role", "img");
    const text = `layer ${layer.path}, ${layer.text.replace("()", "")}`;
    holder.append(name, strip);
    part("layers").append(holder);
    return { i, strip, name, text };
  });
  const bars = classes.map((name) => {
    const row = document.createElement("div"), label = document.createElement("span");
    const track = document.createElement("span"), bar = document.createElement("i");
    const value = document.createElement("b");
    row.className = "chance"; label.textContent = name; track.append(bar);
    row.append(label, track, value);
    part("chances").append(row);
    return { row, bar, value };
  });

  function showPad() {
    const pen = pad.getContext("2d"), size = pad.width;
    const style = getComputedStyle(root);
    pen.fillStyle = style.getPropertyValue("--paper"); pen.fillRect(0, 0, size, pad.height);
    if (!strokes.length) {
      pen.fillStyle = style.getPropertyValue("--soft"); pen.textAlign = "center";
      pen.font = `${size / 22}px system-ui, sans-serif`;
      pen.fillText("draw here with mouse, pen or finger", size / 2, size / 2);
    }
    pen.strokeStyle = style.getPropertyValue("--ink"); pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = size / 13;
    for (const stroke of strokes) {
      pen.beginPath();
      const at = ([x, y]) => [x / LONG * size, y / LONG * size];
      pen.moveTo(...at(stroke[0]));
      for (const point of stroke.slice(1)) pen.lineTo(...at(point));
      if (stroke.length === 1) pen.lineTo(at(stroke[0])[0] + 0.01, at(stroke[0])[1]);
      pen.stroke();
    }
  }
  function placeCursor() {
    const mark = part("cursor");
    mark.style.left = `${100 * cursor[1] / width}%`; mark.style.top = `${100 * cursor[0] / height}%`;
    mark.style.width = `${100 / width}%`; mark.style.height = `${100 / height}%`;
  }
  let last = null, timer = 0;
  function update() {
    paint(seen, pixels, width, ink);
    const empty = pixels.every((v) => v === 0);
    last = run(pixels);
    for (const { i, strip, name, text } of strips) {
      const values = last.outputs[i];
      const low = Math.min(...values), high = Math.max(...values);
      const on = values.reduce((a, v) => a + (v > 0), 0);
      paint(strip, values, across(values.length), (v) => viridis((v - low) / (high - low || 1)));
      name.textContent = `${text}: ${on} of ${values.length} units above 0`;
      strip.setAttribute("aria-label", name.textContent);
    }
    let best = 0;
    last.probabilities.forEach((p, i) => { if (p > last.probabilities[best]) best = i; });
    bars.forEach(({ row, bar, value }, i) => {
      const p = empty ? 0 : last.probabilities[i];
      bar.style.width = `${100 * p}%`;
      value.textContent = empty ? "" : `${(100 * p).toFixed(1)}%`;
      row.classList.toggle("best", !empty && i === best);
    });
    says.textContent = empty ? "?" : classes[best];
    // A screen reader is told once the drawing rests, not at every move.
    clearTimeout(timer);
    timer = setTimeout(() => {
      live.textContent = empty ? "The picture is empty."
        : `The network says ${classes[best]}, ${(100 * last.probabilities[best]).toFixed(0)} percent.`;
    }, 400);
  }
  function set(values) { strokes = []; pixels = Float64Array.from(values); showPad(); update(); }
  function clear() { set(new Float64Array(height * width)); }

  /* -- drawing with mouse, pen or finger ------------------------------------------------------- */

  function place(event) {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * LONG, (event.clientY - box.top) / box.height * LONG];
  }
  let pending = false;
  function drawn() {
    showPad();
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; pixels = fromStrokes(); update(); });
  }
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    drawing = true; strokes.push([place(event)]); drawn();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const moves = event.getCoalescedEvents ? event.getCoalescedEvents() : [event];
    for (const move of moves.length ? moves : [event]) strokes[strokes.length - 1].push(place(move));
    drawn();
  });
  for (const end of ["pointerup", "pointercancel"])
    pad.addEventListener(end, () => { drawing = false; });

  /* -- and with the keyboard, cell by cell ------------------------------------------------------ */

  const grid = part("grid");
  grid.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key in moves) {
      cursor = [Math.max(0, Math.min(height - 1, cursor[0] + moves[event.key][0])),
                Math.max(0, Math.min(width - 1, cursor[1] + moves[event.key][1]))];
      placeCursor();
    } else if (event.key === " ") {
      const cell = cursor[0] * width + cursor[1];
      strokes = [];
      pixels[cell] = pixels[cell] > brightest / 2 ? 0 : brightest;
      showPad(); update();
    } else if (event.key === "Delete" || event.key === "Backspace") clear();
    else return;
    event.preventDefault();
  });
  grid.addEventListener("pointerdown", (event) => {
    const box = seen.getBoundingClientRect();
    cursor = [Math.min(height - 1, Math.floor((event.clientY - box.top) / box.height * height)),
              Math.min(width - 1, Math.floor((event.clientX - box.left) / box.width * width))];
    placeCursor();
  });

  part("clear").addEventListener("click", clear);
  about.examples.forEach((example) => {
    const button = document.createElement("button");
    button.type = "button"; button.textContent = example.name;
    button.setAttribute("aria-label", `show a real ${example.name}`);
    button.addEventListener("click", () => set(example.pixels));
    part("examples").append(button);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showPad);
  placeCursor();
  if (about.examples.length) set(about.examples[Math.min(3, about.examples.length - 1)].pixels);
  else clear();
  window.layerwisePlayer = { set, clear, run, pixels: () => Array.from(pixels), result: () => last };
})();
