package offline

import (
	"context"
	"embed"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/demo/screen"
)

//go:embed manifests
var manifests embed.FS

// app is a service of the shop, as stored.
type app struct {
	cloud  cloud
	pod    *corev1.Pod
	env    map[string]string
	status injector.Status
}

func (d *demo) shop(ctx context.Context) (string, func(), error) {
	d.screen.Command("kubectl apply -f test/demo/offline/manifests/shop.yaml")
	if _, err := d.apply(ctx, "shop.yaml"); err != nil {
		return "", nil, err
	}
	var apps []app
	for _, c := range clouds() {
		a, err := d.find(ctx, c)
		if err != nil {
			return "", nil, err
		}
		apps = append(apps, a)
	}
	return "three Deployments created their pods; their manifests do not mention a cloud", func() { d.showShop(apps) }, nil
}

func (d *demo) find(ctx context.Context, c cloud) (a app, err error) {
	a.cloud = c
	if a.pod, err = d.pod(ctx, c.app, c.app); err != nil {
		return a, err
	}
	a.env = storedEnvironment(a.pod)
	a.status, err = status(a.pod)
	return a, err
}

func (d *demo) showShop(apps []app) {
	t := screen.Table{Head: columns()}
	t.Title("what the API server stored; ‹…› is filled in by the kubelet when a pod starts")
	wanted := make([][]variable, len(apps))
	for i, a := range apps {
		wanted[i] = a.cloud.variables(a.pod)
	}
	for n, v := range wanted[0] {
		r := screen.Row{Name: v.name}
		for i, a := range apps {
			r.Cells = append(r.Cells, d.checks.Equal(a.cloud.app+": "+v.name, a.env[v.name], wanted[i][n].want))
		}
		t.Rows = append(t.Rows, r)
	}
	r := screen.Row{Name: "OTEL_RESOURCE_ATTRIBUTES"}
	for i, a := range apps {
		r.Cells = append(r.Cells, d.resource(a))
		names := injected(a.env)
		d.checks.That(len(names) == len(wanted[i])+1, "%s: unexpected or missing variables: %q", a.cloud.app, names)
	}
	t.Rows = append(t.Rows, r)
	t.Title("")
	t.Title("why: annotation " + injector.StatusAnnotation + " on the pod")
	d.statusRows(&t, apps)
	d.screen.Table(t)
	d.screen.Line("")
	d.screen.Note("orders has no settings; stock uses HTTP to a Service; pay uses a sidecar, under PodSecurity restricted. " +
		"stock sets its own service name: a container's own variables take precedence.")
}

// resource checks that OTEL_RESOURCE_ATTRIBUTES has the same values as the other variables.
func (d *demo) resource(a app) screen.Cell {
	found := map[string]string{}
	for pair := range strings.SplitSeq(expand(a.env["OTEL_RESOURCE_ATTRIBUTES"], a.env), ",") {
		key, value, _ := strings.Cut(pair, "=")
		found[key] = value
	}
	failed := len(d.checks.Failures)
	for _, attribute := range attributes() {
		d.checks.Equal(a.cloud.app+": resource attribute "+attribute.name, found[attribute.name], a.env[attribute.want])
	}
	return screen.Cell{Text: fmt.Sprintf("%d attributes", len(found)), Wrong: len(d.checks.Failures) > failed}
}

func (d *demo) statusRows(t *screen.Table, apps []app) {
	add := func(name string, got func(app) string, want func(cloud) string) {
		r := screen.Row{Name: name}
		for _, a := range apps {
			r.Cells = append(r.Cells, d.checks.Equal(a.cloud.app+": "+name, got(a), want(a.cloud)))
		}
		t.Rows = append(t.Rows, r)
	}
	add("reason", func(a app) string { return string(a.status.Reason) }, func(cloud) string { return string(injector.NamespaceEnabled) })
	add("profile", func(a app) string { return a.status.Profile }, func(c cloud) string { return c.profile })
	add("endpoint", func(a app) string { return a.status.Endpoint }, func(c cloud) string { return c.endpoint })
	add("sidecar", func(a app) string { return string(a.status.Sidecar) }, func(c cloud) string { return c.sidecar })
	add("left out", func(a app) string { return leftOut(a.status.Skipped, false) }, func(c cloud) string { return leftOut(c.leftOut, false) })
	add("  because", func(a app) string { return leftOut(a.status.Skipped, true) }, func(c cloud) string { return leftOut(c.leftOut, true) })
}

// leftOut lists the skipped parts of the injection, or the reasons for skipping them.
func leftOut(skipped map[injector.Reason][]string, reasons bool) string {
	var summary []string
	for reason, items := range skipped {
		if reasons {
			summary = append(summary, string(reason))
			continue
		}
		for _, item := range items {
			_, name, _ := strings.Cut(item, "/")
			summary = append(summary, name)
		}
	}
	if summary == nil {
		return "–"
	}
	return strings.Join(summary, ", ")
}
