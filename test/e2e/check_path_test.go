package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/route"
)

// path runs telepod explain on the workload, and parses the path of its telemetry.
func (e *checked) path(ctx context.Context) (route.Route, error) {
	cmd := exec.CommandContext(ctx, e.telepod, "explain", "deploy/web", "-n", "shop", "-o", "json")
	cmd.Env = append(cmd.Environ(), "KUBECONFIG="+e.kubeconfig)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil {
		return route.Route{}, fmt.Errorf("telepod explain: %w", err)
	}
	var explained struct{ Route route.Route }
	if err := json.Unmarshal(out, &explained); err != nil {
		return route.Route{}, fmt.Errorf("telepod explain: %w in %s", err, out)
	}
	return explained.Route, nil
}

// awaitOpenPath waits until explain reports that the workload's telemetry reaches every store, with addresses.
func (e *checked) awaitOpenPath(t *testing.T) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		r, err := e.path(ctx)
		if err != nil {
			return err
		}
		if r.Status != checks.OK || r.Verdict != "its telemetry gets through to the primary site and its stores" {
			return fmt.Errorf("%s: %s: %+v", r.Status, r.Verdict, r)
		}
		addresses := map[checks.Stage]string{}
		for _, hop := range r.Hops {
			addresses[hop.Stage] += hop.Address + " "
		}
		to := e.stores.Direct()
		for stage, want := range map[checks.Stage][]string{
			checks.AtCollector: {e.Nodes()[0].Address + ":4318", e.Nodes()[1].Address + ":4318"}, checks.AtSite: {"https://" + site + ":4318"},
			checks.AtStore: {to.OTLP, "http://" + to.RemoteWrite, "s3://archive at http://" + e.archive.Address},
		} {
			for _, address := range want {
				if !strings.Contains(addresses[stage], address) {
					return fmt.Errorf("no %s among the addresses of stage %s: %+v", address, stage, r.Hops)
				}
			}
		}
		return nil
	})
}

// awaitBrokenPath waits until explain reports the cause of the fault, at its stage of the path.
func (e *checked) awaitBrokenPath(t *testing.T, row breakage) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		r, err := e.path(ctx)
		if err != nil {
			return err
		}
		if r.Status != checks.Failed || len(r.Problems) == 0 || r.Problems[0].Stage() != row.stage || !strings.Contains(r.Problems[0].Seen, row.cause) {
			return fmt.Errorf("%s: the first problem is not %q at the %s:\n%s%+v", r.Verdict, row.cause, row.stage, problemsOf(r.Problems), r.Hops)
		}
		return nil
	})
}
