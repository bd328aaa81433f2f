import { type Html, html } from "./html.ts";

/** One page that needs nothing else: no script, no other file, nothing from the network, and the browser is told so. */
export function renderPage(title: string, style: string, body: Html): string {
  const css: Html = { markup: style };
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${css}</style>
</head>
<body>
${body}
</body>
</html>
`.markup;
}
