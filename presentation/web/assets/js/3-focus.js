// Where a photo is cropped, its focal point stays in view: set with a finger, a mouse or the arrow keys.
const KEYS = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, -5], ArrowDown: [0, 5] };

/** Answers what puts the control over an image on the stage; `moved` hears of per cent from the left and the top. */
function focalPoint(stage, moved) {
  const control = Object.assign(document.createElement("button"), { type: "button", className: "aim", hidden: true });
  const dot = Object.assign(document.createElement("span"), { className: "dot" });
  control.append(dot);
  stage.append(control);
  let image = null;
  let point = [50, 50];

  function draw() {
    const scale = image ? Math.min(stage.clientWidth / image.naturalWidth, stage.clientHeight / image.naturalHeight) : 0;
    control.hidden = !(scale > 0 && scale < Infinity);
    if (control.hidden) return;
    const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
    Object.assign(control.style, {
      width: `${width}px`, height: `${height}px`,
      left: `${(stage.clientWidth - width) / 2}px`, top: `${(stage.clientHeight - height) / 2}px`,
    });
    Object.assign(dot.style, { left: `${point[0]}%`, top: `${point[1]}%` });
    control.setAttribute("aria-label", `What stays in view where the photo is cropped: ${point[0]} % from the left, ${point[1]} % from the top. The arrow keys move it.`);
  }

  function set(left, top) {
    point = [left, top].map((number) => Math.round(Math.min(100, Math.max(0, number))));
    moved(...point);
    draw();
  }

  control.addEventListener("click", (event) => {
    // A key presses the button too, but points nowhere.
    if (event.detail === 0) return;
    const place = control.getBoundingClientRect();
    set(((event.clientX - place.left) / place.width) * 100, ((event.clientY - place.top) / place.height) * 100);
  });
  control.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    set(point[0] + step[0], point[1] + step[1]);
  });
  new ResizeObserver(draw).observe(stage);

  return (next, left, top) => {
    image = next;
    point = [left, top].map((field) => Number(field?.value || 50));
    draw();
    image?.addEventListener("load", draw, { once: true });
  };
}
