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
createRoot(document.getElementById("root")!).render(
  <Boundary>
    <App />
  </Boundary>,
);
startPage();
