import { createRoot } from "react-dom/client";
import "@xyflow/react/dist/base.css";
import "./styles/theme.css";
import "./styles/bar.css";
import "./styles/page.css";
import "./styles/canvas.css";
import "./styles/card.css";
import "./styles/media.css";
import "./styles/widgets.css";
import "./styles/numbers.css";
import "./styles/panels.css";
import "./styles/inspector.css";
import "./styles/floating.css";
import "./styles/viewer.css";
import { App } from "./App";
import { startPage } from "./start";
import { applyTheme } from "./canvas/prefs";
import { Boundary } from "./panels/Boundary";

applyTheme();
const app = /^#\/app\/(.+)$/.exec(location.hash)?.[1];
window.addEventListener("hashchange", () => location.reload());
const root = createRoot(document.getElementById("root")!);
if (app) void openApp(decodeURIComponent(app));
else {
  root.render(
    <Boundary>
      <App />
    </Boundary>,
  );
  startPage();
}

/** A workflow as an app, at an address of its own: `#/app/<id>`. */
async function openApp(workflow: string): Promise<void> {
  const [{ FormPage }, { startForm }] = await Promise.all([import("./form/FormPage"), import("./form/opening")]);
  root.render(
    <Boundary>
      <FormPage />
    </Boundary>,
  );
  await startForm(workflow);
}
