"use strict";
// Starts Swagger UI with the documents that the page names.
(() => {
  const place = document.getElementById("swagger-ui");
  const keepsToken = "keepsToken" in place.dataset;
  const documents = JSON.parse(place.dataset.documents);
  const TOKEN =
    "Paste the `access_token` of `POST /user/login` or `POST /user/sign-up`: run one of them below, without a token. " +
    "It lasts 15 minutes. " +
    (keepsToken ? "This development server's page keeps it in this browser until you log out here." : "A reload forgets it.");

  // The Authorize window shows the description of the scheme.
  const TokenSource = () => ({
    statePlugins: {
      spec: {
        wrapActions: {
          updateJsonSpec: (original) => (spec) => {
            const bearer = spec && spec.components && spec.components.securitySchemes && spec.components.securitySchemes.bearer;
            if (bearer) bearer.description = TOKEN;
            return original(spec);
          },
        },
      },
    },
  });

  // Swagger UI leaves fields without a name for those who do not see them.
  const NAMES = [
    ["#servers", "Server"],
    [".operation-filter-input", "Filter by tag"],
    [".examples-select-element", "Example"],
    [".content-type", "Media type"],
    [".body-param__text", "Body"],
  ];
  const name = () => {
    for (const field of place.querySelectorAll("select, input, textarea")) {
      const known = NAMES.find(([selector]) => field.matches(selector));
      if (field.hasAttribute("aria-label") || (!known && field.labels.length)) continue;
      const row = field.closest("tr[data-param-name]");
      field.setAttribute("aria-label", known ? known[1] : (row && row.dataset.paramName) || field.placeholder || "Value");
    }
  };
  new MutationObserver(name).observe(place, { childList: true, subtree: true });

  window.ui = SwaggerUIBundle({
    urls: documents,
    "urls.primaryName": new URLSearchParams(location.search).get("urls.primaryName") || documents[0].name,
    domNode: place,
    deepLinking: true,
    persistAuthorization: keepsToken,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [TokenSource],
    layout: "StandaloneLayout",
    // Its colours on dark ground are too pale to read.
    syntaxHighlight: false,
  });
})();
