// The composer: photos go up one at a time while their words are being written; the form then only names them.
enhance("[data-composer]", (form) => {
  const part = (name) => form.querySelector(`[data-${name}]`);
  const [stage, invite, strip, details, files, wrong, submit, progress] =
    ["stage", "invite", "strip", "details", "files", "wrong", "submit", "progress"].map(part);
  const blank = part("describe").content;
  const photosMax = Number(form.dataset.photosMax);
  const bytesMax = Number(form.dataset.bytesMax);
  const photos = [];
  let chosen = null;
  let wanted = false;

  const say = (text) => { wrong.textContent = text; wrong.hidden = !text; };
  const pending = () => photos.filter((photo) => photo.state === "waiting" || photo.state === "rising");

  function choose(photo) {
    chosen = photo;
    const picture = stage.querySelector("img");
    if (picture) picture.remove();
    if (photo) {
      const image = document.createElement("img");
      image.src = photo.picture;
      image.alt = photo.words.value;
      stage.prepend(image);
    }
    stage.classList.toggle("filled", photo !== null);
    invite.hidden = photo !== null;
    for (const other of photos) {
      other.fields.hidden = other !== photo;
      other.pick.setAttribute("aria-pressed", String(other === photo));
    }
  }

  function refresh() {
    strip.hidden = photos.length === 0;
    add.hidden = photos.length >= photosMax;
    const total = photos.length || 1;
    const risen = photos.reduce((sum, photo) => sum + photo.share, 0);
    progress.hidden = !(wanted && pending().length > 0);
    progress.value = risen / total;
    submit.disabled = wanted && pending().length > 0;
    submit.textContent = submit.disabled ? "Sharing when the photos are up" : "Share";
    for (const photo of photos) {
      const described = photo.words.value.trim() !== "";
      photo.mark.hidden = photo.state !== "risen" || !described;
      photo.bar.hidden = photo.state === "risen" || photo.state === "failed";
      photo.bar.value = photo.share;
      photo.item.classList.toggle("failed", photo.state === "failed");
    }
  }

  function remove(photo) {
    photo.request?.abort();
    const index = photos.indexOf(photo);
    photos.splice(index, 1);
    photo.item.remove();
    photo.fields.remove();
    choose(photos[Math.min(index, photos.length - 1)] ?? null);
    refresh();
  }

  /** A photo's place in the strip and its field; `fields` is there already when the server made it. */
  function place(picture, name, fields) {
    const photo = { picture, state: "risen", share: 1, request: null, file: null };
    photo.fields = fields ?? blank.cloneNode(true).firstElementChild;
    photo.words = photo.fields.querySelector("textarea");
    if (!fields) {
      photo.words.id = `alt-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
      photo.fields.querySelector("label").htmlFor = photo.words.id;
      details.append(photo.fields);
    }
    photo.item = document.createElement("li");
    photo.pick = document.createElement("button");
    photo.pick.type = "button";
    photo.pick.className = "pick";
    photo.pick.setAttribute("aria-label", `Photo ${photos.length + 1}: ${name}`);
    const small = document.createElement("img");
    small.src = picture;
    small.alt = "";
    photo.pick.append(small);
    photo.bar = document.createElement("progress");
    photo.bar.max = 1;
    photo.mark = document.createElement("span");
    photo.mark.className = "state";
    photo.mark.textContent = "ALT";
    photo.item.append(photo.pick, photo.bar, photo.mark);
    strip.insertBefore(photo.item, add);
    photo.pick.addEventListener("click", () => choose(photo));
    photo.words.addEventListener("input", refresh);
    photo.fields.querySelector("[data-remove]").addEventListener("click", (event) => {
      event.preventDefault();
      remove(photo);
    });
    photos.push(photo);
    return photo;
  }

  function take(list) {
    say("");
    for (const file of list) {
      if (photos.length >= photosMax) {
        say(`A post holds ${photosMax} photos at the most; the rest was left out.`);
        break;
      }
      if (file.size > bytesMax) {
        say(`“${file.name}” is larger than ${Math.floor(bytesMax / 1048576)} MB, the most that is taken. Try exporting it smaller.`);
        continue;
      }
      const photo = place(URL.createObjectURL(file), file.name, null);
      Object.assign(photo, { state: "waiting", share: 0, file });
      if (!chosen) choose(photo); else photo.fields.hidden = true;
    }
    refresh();
    raiseNext();
  }

  function raiseNext() {
    if (photos.some((photo) => photo.state === "rising")) return;
    const photo = photos.find((one) => one.state === "waiting");
    if (!photo) {
      if (wanted && pending().length === 0) finish();
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
    request.addEventListener("load", () => risen(photo, request));
    request.addEventListener("error", () => failed(photo, "The connection was lost. Check it, then choose the photo again."));
    request.addEventListener("abort", raiseNext);
    request.send(body);
    refresh();
  }

  function risen(photo, request) {
    const answer = request.response;
    if (request.status !== 200 || !answer?.id) {
      return failed(photo, answer?.error ?? "The photo could not be taken. Please try again.");
    }
    Object.assign(photo, { state: "risen", share: 1 });
    const id = document.createElement("input");
    id.type = "hidden";
    id.name = "media_id";
    id.value = answer.id;
    photo.fields.prepend(id);
    photo.words.name = `alt-${answer.id}`;
    refresh();
    raiseNext();
    return undefined;
  }

  function failed(photo, text) {
    photo.state = "failed";
    say(text);
    wanted = false;
    refresh();
    raiseNext();
  }

  function finish() {
    files.disabled = true;
    const share = document.createElement("input");
    Object.assign(share, { type: "hidden", name: "share", value: "1" });
    form.append(share);
    form.submit();
  }

  const add = document.createElement("li");
  const addLabel = document.createElement("label");
  addLabel.className = "add";
  addLabel.htmlFor = "files";
  addLabel.title = "Add photos";
  const icons = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(icons, "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(icons, "use");
  use.setAttribute("href", "#i-new");
  icon.append(use);
  addLabel.append(icon);
  add.append(addLabel);
  strip.append(add);

  files.classList.add("tucked");
  files.addEventListener("change", () => {
    take([...files.files]);
    files.value = "";
  });
  for (const fields of all(".describe", details)) place(fields.dataset.picture, "", fields);
  if (photos.length > 0) choose(photos[0]);

  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (hasFiles(event)) { depth += 1; form.classList.add("over"); } });
  addEventListener("dragleave", (event) => { if (hasFiles(event) && --depth <= 0) form.classList.remove("over"); });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    form.classList.remove("over");
    take([...event.dataTransfer.files].filter((file) => file.type.startsWith("image/")));
  });
  addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (pasted.length > 0) take(pasted);
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    for (const photo of photos.filter((one) => one.state === "failed")) remove(photo);
    if (photos.length === 0 && form.elements.text.value.trim() === "") {
      say("Choose a photo first.");
      return;
    }
    wanted = true;
    refresh();
    if (pending().length === 0) finish();
  });
  refresh();
});
