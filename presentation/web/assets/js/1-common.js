// The page works without this file. What is here makes it better: nothing reads or writes anything but this server.
document.documentElement.classList.add("scripted");

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const ICONS = "http://www.w3.org/2000/svg";

/** An icon of the page's sprite. */
function icon(name) {
  const svg = document.createElementNS(ICONS, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ICONS, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** The place's mark; "waiting" lets its flash pulse. */
function mark(state) {
  const svg = document.createElementNS(ICONS, "svg");
  svg.setAttribute("class", `mark ${state}`);
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.append(...[...document.getElementById("i-mark").children].map((shape) => shape.cloneNode(true)));
  return svg;
}

/** Calls `enhance` for what the page holds and for what is added to it later. */
const enhancers = [];
function enhance(selector, make) {
  enhancers.push([selector, make]);
  all(selector).forEach(make);
}
function enhanceAll(root) {
  for (const [selector, make] of enhancers) all(selector, root).forEach(make);
}

// Sharing a link: the system's own sheet where there is one, else the clipboard.
enhance("[data-share]", (button) => {
  if (!navigator.share && !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const url = new URL(button.dataset.share, location.href).href;
    if (navigator.share) {
      await navigator.share({ url }).catch(() => {});
      return;
    }
    await navigator.clipboard.writeText(url);
    const said = document.createElement("span");
    said.className = "small soft";
    said.setAttribute("role", "status");
    said.textContent = "Link copied";
    button.append(said);
    setTimeout(() => said.remove(), 2000);
  });
});

enhance("[data-copy]", (button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "Copied";
  });
});

// A form with a key makes one post. A browser that goes back to it shows it as it was when it was sent: it is fetched anew.
enhance("form:has([name=idempotency_key])", (form) => {
  form.addEventListener("submit", () => { form.dataset.sent = ""; });
  addEventListener("pageshow", (event) => {
    if (event.persisted && "sent" in form.dataset) location.reload();
  });
});

// A page that a browser has kept is shown again only while the session goes on that it was made for.
const madeFor = document.querySelector("[action='/logout'] [name=csrf]")?.value;
if (madeFor) {
  const page = document.documentElement.classList;
  addEventListener("pagehide", () => page.add("left"));
  addEventListener("pageshow", async ({ persisted }) => {
    const now = persisted && await fetch("/session").then((response) => response.json()).catch(() => null);
    if (!persisted || now?.token === madeFor) page.remove("left"); else location.reload();
  });
}

// Following: the button changes at once, and changes back if the server says no.
enhance("[data-follow]", (form) => {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    const hidden = button.querySelector(".visually-hidden");
    const follows = form.action.endsWith("/unfollow");
    button.disabled = true;
    const response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
    }).catch(() => null);
    button.disabled = false;
    if (!response || !response.ok) return form.submit();
    const { requested } = await response.json().catch(() => ({}));
    form.action = form.action.replace(/(un)?follow$/, follows ? "follow" : "unfollow");
    const words = requested ? "Requested" : follows ? "Follow" : "Following";
    button.replaceChildren(words, ...(hidden ? [hidden] : []));
    button.classList.toggle("primary", follows && form.closest(".profile") !== null);
    return undefined;
  });
});

// An animation that is there needs no still behind it: where it lets light through, the still would show.
enhance("[data-plays]", (frame) => {
  const moving = frame.querySelector("picture > img");
  const clear = () => frame.querySelector(".poster")?.remove();
  if (moving.complete && moving.naturalWidth > 0) clear();
  else moving.addEventListener("load", clear, { once: true });
});

// "more" is for captions that are cut.
enhance(".words .clamp", (text) => {
  const more = text.parentNode.querySelector(".more");
  if (more) more.hidden = text.scrollHeight <= text.clientHeight + 1;
});

// Albums: where one is, and buttons for those who have no finger on the picture.
enhance("[data-album]", (album) => {
  const reel = album.querySelector(".reel");
  const [back, on] = all(".turn", album);
  const slides = [...reel.children];
  const at = () => Math.round(Math.abs(reel.scrollLeft) / Math.max(reel.clientWidth, 1));
  const show = () => {
    album.querySelector("[data-at]").textContent = `${at() + 1} / `;
    back.disabled = at() === 0;
    on.disabled = at() === slides.length - 1;
  };
  const turn = (by) => {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const inline = getComputedStyle(reel).direction === "rtl" ? -1 : 1;
    reel.scrollBy({ left: by * inline * reel.clientWidth, behavior: calm ? "auto" : "smooth" });
  };
  back.addEventListener("click", () => turn(-1));
  on.addEventListener("click", () => turn(1));
  reel.addEventListener("scroll", show, { passive: true });
  reel.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") turn(-1);
    else if (event.key === "ArrowRight") turn(1);
    else return;
    event.preventDefault();
  });
  show();
});

// The next page comes before the end of this one is reached. The link stays for everyone else.
const nearTheEnd = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) fetchOlder(entry.target);
}, { rootMargin: "1200px 0px" });

async function fetchOlder(place) {
  nearTheEnd.unobserve(place);
  const pulse = mark("waiting");
  const link = place.querySelector("a");
  link.hidden = true;
  place.append(pulse);
  const response = await fetch(link.href).catch(() => null);
  pulse.remove();
  link.hidden = false;
  if (!response || !response.ok) return undefined;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const list = document.querySelector("[data-list]");
  const more = page.querySelector("[data-list]");
  for (const item of more ? [...more.children] : []) {
    list.append(document.adoptNode(item));
    enhanceAll(item);
  }
  const next = page.querySelector(".older");
  if (next) {
    place.replaceWith(document.adoptNode(next));
    nearTheEnd.observe(document.querySelector(".older"));
  } else {
    place.remove();
  }
  return undefined;
}
all(".older").forEach((place) => nearTheEnd.observe(place));

// A photo grows from the grid or the feed to its page, where the browser can do that.
addEventListener("pageswap", (event) => {
  if (!event.viewTransition || !event.activation) return;
  const target = new URL(event.activation.entry.url).pathname;
  const link = all("a").find((anchor) => anchor.pathname === target && anchor.querySelector(".frame"));
  const picture = link?.querySelector(".frame img:last-child");
  if (picture) picture.style.viewTransitionName = "photo";
});
addEventListener("pagereveal", (event) => {
  if (!event.viewTransition) return;
  // A browser may give up the transition, as when the window changes meanwhile; the page is there all the same.
  const over = event.viewTransition.finished.catch(() => {});
  event.viewTransition.ready.catch(() => {});
  const picture = document.querySelector(".post .stage .frame img:last-child");
  if (!picture) return;
  picture.style.viewTransitionName = "photo";
  over.then(() => { picture.style.viewTransitionName = ""; });
});
