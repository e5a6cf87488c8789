// A post's photos over the whole screen, one at a time. Without a script their links open the files.
enhance("[data-lightbox]", (stage) => {
  const links = all("figure > a", stage);
  const box = Object.assign(document.createElement("dialog"), { className: "lightbox" });
  const image = document.createElement("img");
  const button = (name, label, act) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: name });
    made.setAttribute("aria-label", label);
    made.append(icon(name));
    made.addEventListener("click", act);
    return made;
  };
  let at = 0;

  function show(index) {
    if (index < 0 || index >= links.length) return;
    at = index;
    const shown = links[at].querySelector(".frame img:last-child");
    // Round a photo stands its own colour, darkened.
    const { colour } = links[at].dataset;
    box.style.backgroundColor = colour ? `color-mix(in oklab, ${colour} 22%, oklch(14% 0.006 70))` : "";
    Object.assign(image, { src: links[at].href, alt: shown.alt });
    box.setAttribute("aria-label", links.length > 1 ? `Photo ${at + 1} of ${links.length}` : "Photo");
    count.textContent = links.length > 1 ? `${at + 1} / ${links.length}` : "";
    earlier.hidden = at === 0;
    later.hidden = at === links.length - 1;
  }

  const count = Object.assign(document.createElement("span"), { className: "count figures" });
  const shut = button("shut", "Close", () => box.close());
  const earlier = button("earlier", "Previous photo", () => show(at - 1));
  const later = button("later", "Next photo", () => show(at + 1));
  box.append(image, count, shut, earlier, later);
  image.addEventListener("click", () => box.close());
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  box.addEventListener("close", () => {
    box.remove();
    links[at].focus({ preventScroll: true });
  });
  box.addEventListener("keydown", (event) => {
    const turn = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (turn) show(at + turn * (getComputedStyle(box).direction === "rtl" ? -1 : 1));
  });
  links.forEach((link, index) => link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(index);
    document.body.append(box);
    box.showModal();
  }));
});
