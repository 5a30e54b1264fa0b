import { ReactFlowProvider } from "@xyflow/react";
import { Canvas } from "./canvas/Canvas";
import { Help } from "./canvas/Help";
import { Menu } from "./canvas/Menu";
import { Palette } from "./canvas/Palette";
import { useKeys } from "./canvas/useKeys";
import { Breadcrumb } from "./panels/Breadcrumb";
import { ComparingBar } from "./panels/ComparingBar";
import { Dialogs } from "./panels/Dialogs";
import { Header } from "./panels/Header";
import { Sidebar } from "./panels/Sidebar";
import { Toasts } from "./panels/Toasts";
import { Tools } from "./panels/Tools";
import { Viewer } from "./panels/Viewer";

export function App() {
  return (
    <ReactFlowProvider>
      <Page />
    </ReactFlowProvider>
  );
}

function Page() {
  useKeys();
  return (
    <div className="page">
      <Header />
      <main>
        <Canvas />
        <Breadcrumb />
        <ComparingBar />
        <Tools />
        <Help />
      </main>
      <Sidebar />
      <Palette />
      <Menu />
      <Viewer />
      <Dialogs />
      <Toasts />
    </div>
  );
}
