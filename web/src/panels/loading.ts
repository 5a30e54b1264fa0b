import { useEffect, useState } from "react";
import type { ApiError } from "../api/client";
import { useRuns } from "../api/runs";

/**
 * What a panel fetched: `undefined` while it is on its way the first time; on trouble the old answer stays. Fetched
 * anew when the server is back.
 */
export function useFetched<T>(fetch: () => Promise<T>, deps: readonly unknown[]): { data: T | undefined; fault: string | null } {
  const [state, setState] = useState<{ data: T | undefined; fault: string | null }>({ data: undefined, fault: null });
  const online = useRuns((s) => s.connection !== "offline");
  useEffect(() => {
    let current = true;
    fetch().then(
      (data) => current && setState({ data, fault: null }),
      (error: ApiError) => current && setState((old) => ({ data: old.data, fault: [error.message, error.remedy].filter(Boolean).join(" ") })),
    );
    return () => {
      current = false;
    };
    // The caller says what the fetch depends on.
  }, [online, ...deps]);
  return state;
}
