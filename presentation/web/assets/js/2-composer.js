// The composer: photos go up one at a time while their words are being written; the form then only names them, in order.
const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

enhance("[data-composer]", (form) => {
  const part = (name, root = form) => root.querySelector(`[data-${name}]`);
  const [stage, invite, hint, strip, details, files, wrong, live, order, submit, progress] =
    ["stage", "invite", "hint", "strip", "details", "files", "wrong", "live", "order", "submit", "progress"].map((name) => part(name));
  const blank = part("describe").content;
  const photosMax = Number(form.dataset.photosMax);
  const bytesMax = Number(form.dataset.bytesMax);
  /** In the order of the album. A photo is "waiting", "rising", "working", "risen" or "failed". */
  const photos = [];
  let chosen = null;
  let replaced = null;
  let dragged = null;
  let wanted = false;
  let notices = [];
  let said = "";

  const are = (...states) => photos.filter((photo) => states.includes(photo.state));
  const pending = () => are("waiting", "rising", "working");
  const aim = focalPoint(stage, (left, top) => {
    Object.assign(chosen.left, { value: left });
    Object.assign(chosen.top, { value: top });
    chosen.small.style.objectPosition = `${left}% ${top}%`;
  });

  function choose(photo) {
    chosen = photo;
    stage.querySelector(":scope > img")?.remove();
    stage.querySelector(":scope > .mark")?.remove();
    let image = null;
    if (photo && !photo.undrawn) {
      image = document.createElement("img");
      image.src = photo.picture;
      image.alt = photo.words.value;
      stage.prepend(image);
    } else if (photo) {
      stage.prepend(mark(photo.state === "failed" ? "" : "waiting"));
    }
    const aimed = photo?.state === "failed" ? null : image;
    aim(aimed, photo?.left, photo?.top);
    hint.hidden = aimed === null;
    stage.classList.toggle("filled", photo !== null);
    invite.hidden = photo !== null;
    for (const other of photos) {
      other.fields.hidden = other !== photo;
      other.pick.setAttribute("aria-pressed", String(other === photo));
    }
  }

  const SAID = { waiting: "Waiting for its turn.", working: "Uploaded. It is being processed." };
  const MARKS = { failed: "Failed", working: "Processing" };

  function refresh() {
    strip.hidden = photos.length === 0;
    add.hidden = photos.length >= photosMax;
    const busy = wanted && pending().length > 0;
    progress.hidden = !busy;
    progress.value = photos.reduce((sum, photo) => sum + photo.share, 0) / (photos.length || 1);
    submit.disabled = busy;
    submit.textContent = busy ? "Sharing when the photos are ready" : "Share";
    photos.forEach((photo, index) => {
      const { state, words } = photo;
      const described = state === "risen" && words.value.trim() !== "";
      photo.mark.textContent = MARKS[state] ?? "ALT";
      photo.mark.hidden = !(described || state in MARKS);
      photo.bar.hidden = state !== "waiting" && state !== "rising";
      photo.bar.value = photo.share;
      photo.item.classList.toggle("failed", state === "failed");
      photo.item.classList.toggle("busy", state === "working");
      const doing = SAID[state] ?? (state === "rising" ? `Uploading, ${Math.floor(photo.share * 100)} %.` : "");
      photo.said.textContent = doing;
      for (const name of ["earlier", "later"]) part(name, photo.fields).hidden = photos.length < 2;
      photo.pick.setAttribute("aria-label", `Photo ${index + 1} of ${photos.length}${photo.name && `, ${photo.name}`}${state === "failed" ? ", failed" : ""}`);
    });
    const lines = [...notices, ...are("failed").map((photo) => `Photo ${photos.indexOf(photo) + 1}, “${photo.name}”: ${photo.reason}`)];
    // Said once: whoever listens to the page would hear all of it again.
    if (lines.join("\n") === said) return;
    said = lines.join("\n");
    wrong.hidden = lines.length === 0;
    wrong.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  }

  /** Nothing is shared that was not there when "Share" was pressed. */
  function remove(photo) {
    wanted = false;
    photo.state = "gone";
    notices = [];
    photo.request?.abort();
    const index = photos.indexOf(photo);
    photos.splice(index, 1);
    photo.item.remove();
    photo.fields.remove();
    const next = photos[Math.min(index, photos.length - 1)] ?? null;
    choose(next);
    live.textContent = `Photo ${index + 1} was taken out. ${photos.length === 0 ? "None is left." : `${photos.length} left.`}`;
    raiseNext();
    refresh();
    (next?.pick ?? files).focus();
  }

  function move(photo, to) {
    if (to < 0 || to >= photos.length) return;
    photos.splice(photos.indexOf(photo), 1);
    photos.splice(to, 0, photo);
    strip.insertBefore(photo.item, photos[to + 1]?.item ?? add);
    live.textContent = `Now photo ${to + 1} of ${photos.length}.`;
    refresh();
  }

  function show(photo, picture) {
    Object.assign(photo, { picture, undrawn: false });
    photo.small.classList.remove("undrawn");
    photo.small.src = picture;
    if (photo === chosen) choose(photo);
  }

  /** A photo's place in the strip and its field; `fields` is there already when the server made it. */
  function place(picture, name, fields) {
    const photo = { name, state: "risen", share: 1, request: null, file: null, id: fields?.dataset.photo };
    photo.fields = fields ?? blank.cloneNode(true).firstElementChild;
    for (const name of ["words", "left", "top", "said", "why", "retry"]) photo[name] = part(name, photo.fields);
    if (!fields) {
      photo.words.id = `alt-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
      photo.fields.querySelector("label").htmlFor = photo.words.id;
      details.append(photo.fields);
    }
    photo.item = document.createElement("li");
    photo.item.draggable = true;
    photo.pick = Object.assign(document.createElement("button"), { type: "button", className: "pick" });
    photo.small = Object.assign(document.createElement("img"), { alt: "", draggable: false });
    // What this browser cannot draw (HEIC) is shown when the server has made a preview of it.
    photo.small.addEventListener("error", () => {
      photo.undrawn = true;
      photo.small.classList.add("undrawn");
      if (photo === chosen) choose(photo);
    });
    photo.small.style.objectPosition = `${photo.left.value || 50}% ${photo.top.value || 50}%`;
    photo.pick.append(photo.small);
    photo.bar = Object.assign(document.createElement("progress"), { max: 1 });
    photo.mark = Object.assign(document.createElement("span"), { className: "state" });
    photo.item.append(photo.pick, photo.bar, photo.mark);
    strip.insertBefore(photo.item, add);
    photo.pick.addEventListener("click", () => choose(photo));
    photo.words.addEventListener("input", refresh);
    const press = (name, act) => part(name, photo.fields).addEventListener("click", (event) => {
      event.preventDefault();
      act();
    });
    press("remove", () => remove(photo));
    press("earlier", () => move(photo, photos.indexOf(photo) - 1));
    press("later", () => move(photo, photos.indexOf(photo) + 1));
    press("retry", () => retry(photo));
    photo.item.addEventListener("dragstart", (event) => {
      dragged = photo;
      event.dataTransfer.effectAllowed = "move";
      photo.item.classList.add("dragged");
    });
    photo.item.addEventListener("dragend", () => {
      dragged = null;
      photo.item.classList.remove("dragged");
    });
    photo.item.addEventListener("dragover", (event) => {
      if (!dragged) return;
      event.preventDefault();
      if (dragged !== photo) move(dragged, photos.indexOf(photo));
    });
    photos.push(photo);
    show(photo, picture);
    return photo;
  }

  /** A file in a photo's place, which keeps its words. */
  function load(photo, file) {
    Object.assign(photo, { name: file.name, file, state: "waiting", share: 0 });
    photo.lost = false;
    photo.why.hidden = true;
    photo.retry.hidden = true;
    show(photo, URL.createObjectURL(file));
  }

  function take(list) {
    wanted = false;
    notices = [];
    const fits = list.filter((file) => {
      if (file.size <= bytesMax) return true;
      const megabytes = (bytes) => Math.floor(bytes / 104857.6) / 10;
      notices.push(`“${file.name}” has ${megabytes(file.size)} MB; the most that is taken is ${megabytes(bytesMax)} MB. Export it smaller.`);
      return false;
    });
    if (replaced && fits.length > 0) load(replaced, fits.shift());
    replaced = null;
    const room = photosMax - photos.length;
    if (fits.length > room) {
      notices.push(`A post holds ${photosMax} photos at the most, and with these it would be ${photos.length + fits.length}: the last ${fits.length - room} were left out.`);
    }
    for (const file of fits.slice(0, room)) {
      const photo = place("", file.name, null);
      load(photo, file);
      if (chosen) photo.fields.hidden = true; else choose(photo);
    }
    refresh();
    raiseNext();
  }

  /** One goes up at a time; the next does not wait for the server's work on it. */
  function raiseNext() {
    if (are("rising").length > 0 || are("working").length > 1) return;
    const [photo] = are("waiting");
    if (!photo) {
      if (wanted && photos.length > 0 && pending().length === 0) finish();
      return;
    }
    photo.state = "rising";
    const body = new FormData();
    body.append("csrf", form.elements.csrf.value);
    body.append("file", photo.file);
    const request = new XMLHttpRequest();
    photo.request = request;
    request.open("POST", "/new/photos");
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) photo.share = (event.loaded / event.total) * 0.98;
      refresh();
    });
    request.upload.addEventListener("load", () => {
      if (photo.state === "rising") photo.state = "working";
      refresh();
      raiseNext();
    });
    request.addEventListener("load", () => heard(photo, request.status, request.response));
    request.addEventListener("error", () => {
      photo.lost = true;
      failed(photo, "The connection was lost. Check it, then try again.");
    });
    request.send(body);
    refresh();
  }

  /** Refusals that pass by themselves: too slow a line, or too much at once. */
  const passes = (status) => status < 400 || status >= 500 || status === 408 || status === 429;

  function heard(photo, status, response) {
    if (photo.state === "gone") return undefined;
    if (status !== 200 || !response?.id) {
      photo.lost = passes(status);
      return failed(photo, response?.error ?? "It could not be taken. Try again in a moment.");
    }
    photo.id = response.id;
    if (response.state !== "ready") {
      photo.state = "working";
      refresh();
      // Where many wait already, it is said at once.
      return pause(1000).then(() => follow(photo));
    }
    Object.assign(photo, { state: "risen", share: 1 });
    photo.words.name = `alt-${response.id}`;
    photo.left.name = `focus-left-${response.id}`;
    photo.top.name = `focus-top-${response.id}`;
    if (photo.undrawn) show(photo, response.picture);
    refresh();
    return raiseNext();
  }

  /** Asks how far the server is; it answers when the photo is ready, or after a while. */
  async function follow(photo) {
    const response = await fetch(`/new/photos/${photo.id}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (photo.state !== "working") return undefined;
    if (response && (response.ok || !passes(response.status))) return heard(photo, response.status, await response.json().catch(() => null));
    await pause(3000);
    return follow(photo);
  }

  function failed(photo, text) {
    Object.assign(photo, { state: "failed", reason: text, share: 0 });
    photo.why.textContent = text;
    photo.why.hidden = false;
    photo.retry.hidden = false;
    photo.retry.textContent = photo.lost ? "Try again" : "Choose another in its place";
    wanted = false;
    if (photo === chosen) choose(photo);
    refresh();
    raiseNext();
  }

  function retry(photo) {
    if (photo.lost) {
      load(photo, photo.file);
      refresh();
      raiseNext();
    } else {
      replaced = photo;
      files.click();
    }
  }

  const hidden = (name, value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });

  function finish() {
    form.dataset.sent = "";
    files.disabled = true;
    order.replaceChildren(...photos.map((photo) => hidden("media_id", photo.id)), hidden("share", "1"));
    form.submit();
  }

  const add = document.createElement("li");
  const addLabel = Object.assign(document.createElement("label"), { className: "add", htmlFor: "files", title: "Add photos" });
  addLabel.append(icon("new"));
  addLabel.addEventListener("click", () => { replaced = null; });
  add.append(addLabel);
  strip.append(add);

  files.classList.add("tucked");
  files.addEventListener("cancel", () => { replaced = null; });
  files.addEventListener("change", () => {
    take([...files.files]);
    files.value = "";
  });
  for (const fields of all(".describe", details)) {
    const photo = place(fields.dataset.picture, "", fields);
    if (fields.dataset.picture) continue;
    photo.state = "working";
    follow(photo);
  }
  if (photos.length > 0) choose(photos[0]);

  let depth = 0;
  const hasFiles = (event) => !dragged && event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (hasFiles(event)) { depth += 1; form.classList.add("over"); } });
  addEventListener("dragleave", (event) => { if (hasFiles(event) && --depth <= 0) form.classList.remove("over"); });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    form.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (pasted.length > 0) take(pasted);
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const unusable = are("failed").length;
    notices = [];
    if (unusable > 0) notices.push(`${unusable === 1 ? "A photo" : `${unusable} photos`} cannot be shared. Choose again, or take out what failed.`);
    else if (photos.length === 0 && form.elements.text.value.trim() === "") notices.push("Choose a photo first.");
    wanted = notices.length === 0;
    refresh();
    if (wanted && pending().length === 0) finish();
  });
  refresh();
});
