package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/demo/screen"
	"github.com/telepod/telepod/test/install"
)

// breakage is one fault, and how telepod check reports it. It needs several clusters: test/e2e has all others.
type breakage struct {
	name string
	// at is the cluster whose first line has the cause.
	at    *clouds.Site
	spoil func(context.Context) error
	cause string
	// across is in the first lines of other clusters. Clusters that it does not name must have no problem.
	across map[*clouds.Site]string
	// later may be in the first lines of other clusters: Collectors probe a site that is not in use once a minute.
	later map[*clouds.Site]string
	// mend undoes the fault. If it is nil, the printed repair is run as a command.
	mend func(context.Context) error
	// kubeconfig defaults to the estate's.
	kubeconfig string
}

// breakThings causes one fault at a time. telepod check must name the fault in its first line, report it for no other
// cluster, and print a repair that works.
func (t *story) breakThings(ctx context.Context) (string, func(), error) {
	if err := t.healthy(ctx, ""); err != nil {
		return "", nil, err
	}
	if err := t.proveBackup(ctx); err != nil {
		return "", nil, err
	}
	rows, err := t.breakages(ctx)
	if err != nil {
		return "", nil, err
	}
	table := screen.Table{Head: []string{"found after", "repaired after"}}
	for _, row := range rows {
		began := time.Now()
		if err := row.spoil(ctx); err != nil {
			return "", nil, fmt.Errorf("%s: %w", row.name, err)
		}
		first, err := t.diagnose(ctx, row)
		if err != nil {
			return "", nil, err
		}
		found := time.Since(began)
		if row.mend == nil {
			row.mend = func(ctx context.Context) error { return t.estate.Shell(ctx, first.Repair) }
		}
		if err := row.mend(ctx); err != nil {
			return "", nil, fmt.Errorf("%s: %w", row.name, err)
		}
		if err := t.healthy(ctx, row.kubeconfig); err != nil {
			return "", nil, fmt.Errorf("%s: %w", row.name, err)
		}
		table.Add(row.name, fmt.Sprintf("%.1f s", found.Seconds()), fmt.Sprintf("%.1f s", (time.Since(began)-found).Seconds()))
	}
	t.row("telepod check, one fault at a time", fmt.Sprintf("%d faults", len(rows)), "the first line names the cause, and its repair works", true)
	return fmt.Sprintf("%d faults: telepod check named each one first, within %.1f s for three clusters, and its repair worked", len(rows), t.slowest.Seconds()),
		func() { t.Table(table) }, nil
}

func (t *story) breakages(ctx context.Context) ([]breakage, error) {
	aws, gcp, azure := t.estate.Sites()[0], t.estate.Sites()[1], t.estate.Sites()[2]
	viewer, err := t.estate.Viewer(azure, "GROUP")
	if err != nil {
		return nil, err
	}
	chart, err := azure.Kubectl(ctx, "-n", install.Namespace, "get", "deployment", install.Name, `-o=jsonpath={.metadata.labels.helm\.sh/chart}`)
	if err != nil {
		return nil, err
	}
	return []breakage{
		{name: "no permission to read one cluster", at: azure, cause: "you lack permission to list ", spoil: nothing, kubeconfig: viewer,
			across: map[*clouds.Site]string{gcp: "whether the backup site can take over is unknown: " + azure.Place.Cluster + " could not be read"}},
		{name: "another chart in one cluster", at: azure, cause: "chart 0.0.9 here, ", spoil: kubectl(azure, "label --overwrite deployment,daemonset -l app.kubernetes.io/name=telepod helm.sh/chart=telepod-0.0.9"),
			mend: kubectl(azure, "label --overwrite deployment,daemonset -l app.kubernetes.io/name=telepod helm.sh/chart="+chart)},
		{name: "backup scaled to zero", at: gcp, cause: "statefulset/telepod-central is scaled to zero", spoil: kubectl(gcp, "scale statefulset/telepod-central --replicas=0"),
			later: map[*clouds.Site]string{aws: "the backup site is not usable from 1 of 1 Collectors", azure: "the backup site is not usable from 1 of 1 Collectors"}},
	}, nil
}

func nothing(context.Context) error { return nil }

// kubectl runs a command in the release's namespace.
func kubectl(s *clouds.Site, command string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.Kubectl(ctx, append([]string{"-n", install.Namespace}, strings.Fields(command)...)...)
		return err
	}
}

// check runs telepod check for all clusters. Its exit code is 1 if there are problems.
func (t *story) check(ctx context.Context, kubeconfig string, more ...string) (map[string][]checks.Line, error) {
	estate, err := t.estate.Kubeconfig()
	if err != nil {
		return nil, err
	}
	var contexts []string
	for _, s := range t.estate.Sites() {
		contexts = append(contexts, s.Place.Cluster)
	}
	args := []string{"check", "--contexts", strings.Join(contexts, ","), "-o", "json"}
	began := time.Now()
	out, failed := t.estate.TelepodAs(ctx, cmp.Or(kubeconfig, estate), append(args, more...)...)
	if len(more) == 0 {
		t.slowest = max(t.slowest, time.Since(began))
	}
	var lines []checks.Line
	if err := json.Unmarshal(out, &lines); err != nil {
		return nil, fmt.Errorf("parse the output of telepod check: %w: %w", err, failed)
	}
	by := map[string][]checks.Line{}
	for _, line := range lines {
		if !expected(line) {
			by[line.Context] = append(by[line.Context], line)
		}
	}
	return by, nil
}

// expected reports whether a problem is part of the setup: the injectors on this machine have one replica each.
func expected(l checks.Line) bool {
	return l.Status == checks.Warning && strings.HasPrefix(l.Seen, "deployment/"+install.Name+": only one replica, ")
}

// healthy waits until telepod check finds no problem in any cluster.
func (t *story) healthy(ctx context.Context, kubeconfig string) error {
	err := await.Success(ctx, patience, func(ctx context.Context) error {
		by, err := t.check(ctx, kubeconfig)
		for cluster, lines := range by {
			if len(lines) == 0 || lines[0].Status.Problem() {
				return fmt.Errorf("%s: %s", cluster, problemsOf(lines))
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("wait until telepod check finds no problem: %w", err)
	}
	return nil
}

// diagnose waits until telepod check names the cause first, and reports nothing else for other clusters.
func (t *story) diagnose(ctx context.Context, row breakage) (first checks.Line, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		by, err := t.check(ctx, row.kubeconfig)
		if err != nil {
			return err
		}
		for _, s := range t.estate.Sites() {
			lines, want := by[s.Place.Cluster], row.across[s]
			if s == row.at {
				want, first = row.cause, lines[0]
			}
			switch problem := lines[0].Status.Problem(); {
			case problem && row.later[s] != "" && strings.Contains(lines[0].Seen, row.later[s]):
			case want == "" && problem:
				return fmt.Errorf("%s has problems: %s", s.Place.Cluster, problemsOf(lines))
			case want != "" && (!problem || !strings.Contains(lines[0].Seen, want)):
				return fmt.Errorf("%s: the first line is not %q: %s", s.Place.Cluster, want, problemsOf(lines))
			}
		}
		return nil
	})
	if err != nil {
		return first, fmt.Errorf("%s: wait until telepod check names the cause: %w", row.name, err)
	}
	return first, nil
}

func problemsOf(lines []checks.Line) string {
	var texts []string
	for _, line := range lines {
		if line.Status.Problem() {
			texts = append(texts, fmt.Sprintf("%s: %s (because: %s)", line.Status, line.Seen, line.Because))
		}
	}
	return strings.Join(texts, "\n")
}

// proveBackup sends a canary through the backup while the primary is in use.
func (t *story) proveBackup(ctx context.Context) error {
	args := []string{"--canary", "--site", "backup", "--bucket", clouds.Bucket, "--bucket-endpoint", t.estate.Stores.S3}
	t.Command("telepod check " + strings.Join(args[:3], " "))
	by, err := t.check(ctx, "", args...)
	if err != nil {
		return err
	}
	var wrong []string
	for _, s := range t.estate.Sites() {
		if !slices.ContainsFunc(by[s.Place.Cluster], func(l checks.Line) bool {
			return l.Status == checks.OK && strings.HasPrefix(l.Seen, "canary: node, backup site and archive have it ")
		}) {
			wrong = append(wrong, s.Place.Cluster+": "+problemsOf(by[s.Place.Cluster]))
		}
	}
	able := slices.ContainsFunc(by[t.estate.Backup().Place.Cluster], func(l checks.Line) bool {
		return l.Status == checks.OK && strings.HasPrefix(l.Seen, "the backup site can take over: ")
	})
	t.row("backup proven without a failover", "3 canaries", "through each region to the backup and its archive"+list(": ", wrong), able && len(wrong) == 0)
	return t.settle(ctx)
}
