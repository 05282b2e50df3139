// Client picker: an ARIA combobox. The server suggests a few clients; the browser never gets the whole list.
const form = element.querySelector("form");
const box = form.querySelector("input");
const list = form.querySelector("ul");
const hint = form.querySelector("#client-hint");
const live = form.querySelector("[role=status]");
const initialHint = hint.textContent;
const DEBOUNCE_MS = 120; // time without a key press before a search
const BUSY_AFTER_MS = 400; // time without a response before the form shows that it is busy
const RESPONSE_TIMEOUT_MS = 30_000; // time after which the same client may be submitted again

let searchTimer, busyTimer, pending, selected = -1;

const options = () => [...list.children];

function close() {
  list.hidden = true;
  hint.textContent = initialHint;
  selected = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function select(target) {
  options().forEach((option, index) => option.setAttribute("aria-selected", index === target));
  selected = target;
  const option = options()[target];
  if (!option) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function accept(option) {
  box.value = option.textContent;
  close();
}

async function search() {
  const typed = box.value;
  const result = await server.suggest(typed);
  if (typed !== box.value || document.activeElement !== box) return; // outdated
  hint.textContent = result.message || initialHint;
  list.replaceChildren(...result.clients.map((client, index) => {
    const option = document.createElement("li");
    option.id = `client-${index}`;
    option.role = "option";
    option.textContent = client;
    return option;
  }));
  select(-1);
  const isExactMatch = result.clients.length === 1 && `${result.clients[0]}` === typed.trim();
  const open = result.clients.length > 0 && !isExactMatch;
  list.hidden = !open;
  box.setAttribute("aria-expanded", open);
}

function scheduleSearch() {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(search, DEBOUNCE_MS);
}

function submit() {
  clearTimeout(searchTimer);
  close();
  // A second submission would record a second decision.
  if (pending?.client === box.value && Date.now() - pending.since < RESPONSE_TIMEOUT_MS) return;
  pending = { client: box.value, since: Date.now() };
  props.value = box.value;
  busyTimer = setTimeout(() => {
    form.setAttribute("aria-busy", "true");
    live.textContent = live.dataset.working;
  }, BUSY_AFTER_MS);
  trigger("submit");
}

box.addEventListener("input", scheduleSearch);
box.addEventListener("focus", () => box.select());
box.addEventListener("click", () => list.hidden && scheduleSearch());
box.addEventListener("blur", () => setTimeout(close, 150));
box.addEventListener("keydown", (key) => {
  const last = options().length - 1;
  if (key.key === "ArrowDown" && list.hidden) { search(); key.preventDefault(); }
  else if (key.key === "ArrowDown") { select(selected === last ? 0 : selected + 1); key.preventDefault(); }
  else if (key.key === "ArrowUp" && !list.hidden) { select(selected <= 0 ? last : selected - 1); key.preventDefault(); }
  else if (key.key === "Escape") close();
  else if (key.key === "Enter" && selected >= 0) accept(options()[selected]);
});
list.addEventListener("mousedown", (press) => {
  press.preventDefault(); // the input keeps the focus
  if (press.target.role === "option") accept(press.target);
});
// The response may arrive before the second click of a double click.
form.querySelector("button").addEventListener("click", (click) => click.detail > 1 && click.preventDefault());
form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });

// The server fills in a client from the page's address.
watch("value", () => { box.value = props.value ?? ""; });

// Announce a new result to screen readers. The page sends `answered` when the result is shown.
window.addEventListener("answered", (event) => {
  clearTimeout(busyTimer);
  pending = undefined;
  form.removeAttribute("aria-busy");
  const announcement = document.querySelector(`${event.detail} [data-said]`);
  live.textContent = announcement ? announcement.textContent.trim().replace(/\s+/g, " ") : "";
});
