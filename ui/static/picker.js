// Choosing a client: an ARIA combobox whose suggestions come from the server, never the whole list.
const form = element.querySelector("form");
const box = form.querySelector("input");
const list = form.querySelector("ul");
const hint = form.querySelector("#client-hint");
const live = form.querySelector("[role=status]");
const firstHint = hint.textContent;
const PAUSE = 120; // ms without a key before a search
const SLOW = 400; // ms without an answer before that is said

const GIVEN_UP = 30_000; // ms after which an answer is no longer waited for

let timer, slow, asked, chosen = -1;

const options = () => [...list.children];

function close() {
  list.hidden = true;
  hint.textContent = firstHint;
  chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function point(to) {
  options().forEach((option, place) => option.setAttribute("aria-selected", place === to));
  chosen = to;
  const option = options()[to];
  if (!option) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(option) {
  box.value = option.textContent;
  close();
}

async function search() {
  const typed = box.value;
  const found = await server.suggest(typed);
  if (typed !== box.value || document.activeElement !== box) return;
  hint.textContent = found.said || firstHint;
  list.replaceChildren(...found.clients.map((client, place) => {
    const option = document.createElement("li");
    option.id = `client-${place}`;
    option.role = "option";
    option.textContent = client;
    return option;
  }));
  point(-1);
  const open = found.clients.length > 0 && !(found.clients.length === 1 && `${found.clients[0]}` === typed.trim());
  list.hidden = !open;
  box.setAttribute("aria-expanded", open);
}

function searchSoon() {
  clearTimeout(timer);
  timer = setTimeout(search, PAUSE);
}

function submit() {
  clearTimeout(timer);
  close();
  // Asking twice would record a second decision.
  if (asked?.client === box.value && Date.now() - asked.at < GIVEN_UP) return;
  asked = { client: box.value, at: Date.now() };
  props.value = box.value;
  slow = setTimeout(() => {
    form.setAttribute("aria-busy", "true");
    live.textContent = live.dataset.working;
  }, SLOW);
  trigger("submit");
}

box.addEventListener("input", searchSoon);
box.addEventListener("focus", () => box.select());
box.addEventListener("click", () => list.hidden && searchSoon());
box.addEventListener("blur", () => setTimeout(close, 150));
box.addEventListener("keydown", (key) => {
  const last = options().length - 1;
  if (key.key === "ArrowDown" && list.hidden) { search(); key.preventDefault(); }
  else if (key.key === "ArrowDown") { point(chosen === last ? 0 : chosen + 1); key.preventDefault(); }
  else if (key.key === "ArrowUp" && !list.hidden) { point(chosen <= 0 ? last : chosen - 1); key.preventDefault(); }
  else if (key.key === "Escape") close();
  else if (key.key === "Enter" && chosen >= 0) choose(options()[chosen]);
});
list.addEventListener("mousedown", (press) => {
  press.preventDefault(); // the field keeps the focus
  if (press.target.role === "option") choose(press.target);
});
// The answer may be there before the second click of a double click.
form.querySelector("button").addEventListener("click", (click) => click.detail > 1 && click.preventDefault());
form.addEventListener("submit", (sent) => { sent.preventDefault(); submit(); });

// A client named in the address is filled in by the server.
watch("value", () => { box.value = props.value ?? ""; });

// What came back is read out; `answered` is sent when an answer is in the page.
window.addEventListener("answered", (answer) => {
  clearTimeout(slow);
  asked = undefined;
  form.removeAttribute("aria-busy");
  const said = document.querySelector(`${answer.detail} [data-said]`);
  live.textContent = said ? said.textContent.trim().replace(/\s+/g, " ") : "";
});
