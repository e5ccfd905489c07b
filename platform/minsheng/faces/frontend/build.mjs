// Builds ../static/dist: a script and a style sheet for the desk and for the portal, one icon
// sprite, each named by its content's hash, and manifest.json that maps the plain name to the hashed
// one (read by web/assets.py).
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "..", "static", "dist");
const icons = JSON.parse(readFileSync(path.join(here, "src", "icons.json"), "utf8"));
const iconFolder = path.join(
  path.dirname(createRequire(import.meta.url).resolve("lucide-static/package.json")),
  "icons",
);

/** One <symbol>: the drawing of a kept line icon without its outer element. */
function symbol(id, file) {
  const svg = readFileSync(path.join(iconFolder, `${file}.svg`), "utf8");
  const drawing = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
  return `<symbol id="${id}" viewBox="0 0 24 24">${drawing.replace(/\s+/g, " ").trim()}</symbol>`;
}

const licence = "<!-- icons: lucide-static, ISC licence -->";
const sprite =
  `<svg xmlns="http://www.w3.org/2000/svg">${licence}` +
  Object.entries(icons)
    .map(([id, file]) => symbol(id, file))
    .join("") +
  "</svg>\n";

const bundled = await build({
  entryPoints: ["app.ts", "app.css", "portal.ts", "portal.css"].map((name) => path.join(here, "src", name)),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  write: false,
  outdir: out,
  legalComments: "none",
  logLevel: "warning",
});

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const manifest = {};

/** Writes one file under its hashed name and remembers it. */
function keep(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const { name: stem, ext } = path.parse(name);
  manifest[name] = `${stem}-${hash}${ext}`;
  writeFileSync(path.join(out, manifest[name]), content);
}

for (const file of bundled.outputFiles) keep(path.basename(file.path), file.contents);
keep("icons.svg", sprite);
writeFileSync(path.join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
