import { dismissToast, useSurface } from "../canvas/surface";
import { Icon } from "./Icon";

/** Short messages at the lower edge. */
export function Toasts() {
  const toasts = useSurface((s) => s.toasts);
  return (
    <div className="toasts" aria-live="polite" data-testid="toasts">
      {toasts.map((toast) => (
        <div key={toast.id} className={`toast ${toast.tone}`} data-testid="toast">
          <div>
            {toast.text}
            {toast.remedy && <p>{toast.remedy}</p>}
          </div>
          {toast.action && (
            <button type="button" className="button" onClick={() => [dismissToast(toast.id), toast.action?.act()]}>
              {toast.action.label}
            </button>
          )}
          <button type="button" className="w-icon" aria-label="Dismiss" onClick={() => dismissToast(toast.id)}>
            <Icon name="cancel" size={13} />
          </button>
        </div>
      ))}
    </div>
  );
}
