// Gradio takes its language from the browser. Each page overrides it with its own language.
((language) => {
  const root = document.documentElement;
  Object.defineProperty(navigator, "language", { get: () => language });
  Object.defineProperty(navigator, "languages", { get: () => [language] });
  const pin = () => root.lang === language || (root.lang = language);
  pin();
  new MutationObserver(pin).observe(root, { attributeFilter: ["lang"] });
})(document.currentScript.dataset.language);
