package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/pipeline"
)

// checked is an estate into which faults are injected, one at a time.
type checked struct {
	*counting
	telepod    string // path of the program
	kubeconfig string // for telepod check
	archive    *pipeline.Link
	issuer     tls.Certificate
	ca         []byte
}

// checkedValues make the Collectors notice faults early, and their queues small.
const checkedValues = `
regional:
  queue: {path: /var/lib/telepod/queue}
  config: {exporters: {otlp_failover: {sending_queue: {queue_size: 400000, batch: {min_size: 1000, max_size: 200000}}}}}
collector: {metrics: {interval: 2s}}
central: {archive: {endpoint: "http://%s"}}
`

// checkedPods are injected pods, one on each node, that send nothing.
const checkedPods = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 0
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]
      containers: [{name: app, image: ` + cluster.AppImage + `, imagePullPolicy: Never, args: [serve, ":8080"]}]
`

// TestCheck injects one fault at a time. telepod check must report the cause first, and the repair that it prints must make
// the estate healthy again. In a healthy estate it must find no problem.
func TestCheck(t *testing.T) {
	e := newChecked(t)
	e.healthy(t)
	e.awaitOpenPath(t)
	for _, row := range e.rows() {
		done := t.Run(row.name, func(t *testing.T) {
			began := time.Now()
			row.spoil(t)
			first := e.await(t, row)
			found := time.Since(began)
			if row.stage != checks.Elsewhere {
				e.awaitBrokenPath(t, row)
			}
			if row.mend != nil {
				row.mend(t)
			} else {
				e.repair(t, first.Repair)
			}
			e.healthy(t)
			t.Logf("found after %.1f s, healthy again %.1f s later", found.Seconds(), (time.Since(began) - found).Seconds())
		})
		if !done {
			e.explainAll(t)
			t.FailNow() // the next row needs a healthy estate
		}
	}
}

func newChecked(t *testing.T) *checked {
	t.Helper()
	e := &checked{counting: newCounting(t, cluster.Options{Name: "check", Nodes: make([]cluster.Node, 2)}, "queue-telepod-central-0")}
	e.archive = pipeline.NewLink(t, net.JoinHostPort(e.Host(), "9100"), e.stores.Direct().S3)
	var err error
	if e.telepod, err = build.Binary(t.Context(), build.Spec{Name: "telepod", Package: "./cmd/telepod"}); err != nil {
		t.Fatal(err)
	}
	var key []byte
	e.ca, key = newCA(t)
	if e.issuer, err = tls.X509KeyPair(e.ca, key); err != nil {
		t.Fatal(err)
	}
	e.kubeconfig = e.Kubeconfig()
	e.prerequisites += e.secret(t, regionSecret, x509.ExtKeyUsageClientAuth, nextYear(), e.ca) +
		e.secret(t, "telepod-central-tls", x509.ExtKeyUsageServerAuth, nextYear(), e.ca)
	e.installWith(t, fmt.Sprintf(checkedValues, e.archive.Address))
	e.namespace(t, "shop", enabled(), nil)
	e.apply(t, checkedPods)
	e.kubectl(t, "-n", "shop", "rollout", "status", "deployment/web", "--timeout=90s")
	return e
}

// check runs telepod check and parses its lines.
func (e *checked) check(ctx context.Context, args ...string) ([]checks.Line, error) {
	cmd := exec.CommandContext(ctx, e.telepod, append([]string{"check", "-o", "json"}, args...)...)
	cmd.Env = append(cmd.Environ(), "KUBECONFIG="+e.kubeconfig, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
		if ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("telepod check: %w", err)
	}
	var lines []checks.Line
	if err := json.Unmarshal(out, &lines); err != nil {
		return nil, fmt.Errorf("telepod check: %w in %s", err, out)
	}
	return lines, nil
}

// canary returns the arguments for a canary that telepod check looks up in the archive.
func (e *checked) canary() []string {
	return []string{"--canary", "--canary-wait", "5s", "--bucket", "archive", "--bucket-endpoint", "http://" + e.stores.Direct().S3}
}

// await runs check until it reports the cause first, and its consequences beneath.
func (e *checked) await(t *testing.T, row breakage) (first checks.Line) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		lines, err := e.check(ctx, row.args...)
		if err != nil {
			return err
		}
		first = lines[0]
		if first.Status != checks.Failed || !strings.Contains(first.Seen, row.cause) {
			return fmt.Errorf("the first line is not %q:\n%s", row.cause, problemsOf(lines))
		}
		beneath := ""
		for _, line := range lines[1:] {
			if line.Because == first.Code {
				beneath += line.Seen + "\n"
			}
		}
		for _, text := range row.beneath {
			if !strings.Contains(beneath, text) {
				return fmt.Errorf("no %q beneath the first line of\n%s", text, problemsOf(lines))
			}
		}
		return nil
	})
	return first
}

// healthy waits until check finds no problem.
func (e *checked) healthy(t *testing.T) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		lines, err := e.check(ctx)
		if err == nil && lines[0].Status.Problem() {
			err = fmt.Errorf("not healthy:\n%s", problemsOf(lines))
		}
		return err
	})
}

func problemsOf(lines []checks.Line) string {
	var b strings.Builder
	for _, line := range lines {
		if line.Status.Problem() {
			fmt.Fprintf(&b, "%s %s: %s (repair: %s; because: %s)\n", line.Status, line.Code, line.Seen, line.Repair, line.Because)
		}
	}
	return b.String()
}

// repair runs a command that check has printed.
func (e *checked) repair(t *testing.T, commands string) {
	t.Helper()
	commands, _, _ = strings.Cut(commands, "  #")
	for command := range strings.SplitSeq(commands, " && ") {
		words := strings.Fields(command)
		switch words[0] {
		case "kubectl":
			e.kubectl(t, words[1:]...)
		case "helm":
			e.helm(t, words[1:])
		case "telepod":
			e.grant(t, words[1:])
		default:
			t.Fatalf("the repair is not a command: %s", commands)
		}
	}
}

func (e *checked) helm(t *testing.T, args []string) {
	t.Helper()
	cli, chart := helm.ForTest(t)
	for i := range args {
		if args[i] == "CHART" {
			args[i] = chart
		}
	}
	if _, err := cli.Run(t.Context(), append(args, "--kubeconfig", e.Kubeconfig())...); err != nil {
		t.Fatal(err)
	}
}

// grant runs telepod rbac … | kubectl apply -f -.
func (e *checked) grant(t *testing.T, words []string) {
	t.Helper()
	for i, word := range words {
		switch word {
		case "GROUP":
			words[i] = "viewers"
		case "|":
			out, err := exec.CommandContext(t.Context(), e.telepod, words[:i]...).Output()
			if err != nil {
				t.Fatal(err)
			}
			e.apply(t, string(out))
			return
		}
	}
	t.Fatalf("no pipe in %q", words)
}

// viewer writes a kubeconfig for a member of the group viewers, which has no permissions yet.
func (e *checked) viewer(t *testing.T) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(e.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range config.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = "viewer", []string{"viewers", "system:authenticated"}
	}
	path := filepath.Join(t.TempDir(), "viewer.kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// regionSecret is the Secret with the regional Collectors' client certificate, and the authority that they trust.
const regionSecret = "telepod-collector-tls"

// secret returns a Secret with a certificate for one end of the connection between region and site.
func (e *checked) secret(t *testing.T, name string, usage x509.ExtKeyUsage, end time.Time, trusted []byte) string {
	t.Helper()
	return tlsSecret(t, install.Namespace, name, issue(t, e.issuer, usage, end, site, siteInFull), trusted)
}
