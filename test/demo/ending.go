package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/telepod/telepod/test/install"
)

// sum says how it went, and returns the exit status.
func (d *demo) sum() int {
	passed, failures := d.checks.passed, d.checks.failures
	if len(failures) > 0 {
		d.screen.line("")
	}
	for _, failure := range failures {
		d.screen.failure(failure)
	}
	if d.logs {
		d.screen.line("   Logs of the cluster, its pods and its events are in " + d.dir)
	}
	switch {
	case d.options.check:
		d.screen.line(fmt.Sprintf("\n%d passed, %d failed", passed, len(failures)))
	case len(failures) == 0:
		d.screen.heading(fmt.Sprintf("%d values seen in %.0f s, all of them as they should be", passed, d.took.Seconds()))
		d.suggest()
	}
	if len(failures) > 0 {
		return 1
	}
	return 0
}

func (d *demo) suggest() {
	d.screen.heading("What to try next")
	const telepod, files = "go run ./cmd/telepod ", "test/demo/manifests/"
	d.list([]suggestion{
		{"keep the cluster, and look around in it", "make demo DEMO=-keep"},
		{"see what would change, without a cluster", telepod + "inject -f " + files + "mistake.yaml \\\n  --profile aws --region us-east-1 --cluster prod -o diff"},
		{"see why, setting by setting", telepod + "explain -f " + files + "mistake.yaml"},
		{"install it in a cluster of yours", "helm install telepod charts/telepod -n telepod --create-namespace \\\n" +
			"  --set cloud.provider=aws --set cloud.region=us-east-1 --set cluster.name=prod"},
	})
}

// invite tells how to use the cluster while it is kept.
func (d *demo) invite() {
	d.screen.heading("The cluster stays until Ctrl-C. In another terminal:")
	d.list([]suggestion{
		{"use it", "export KUBECONFIG=" + d.cluster.Kubeconfig() + "\nexport PATH=" + d.dir + ":$PATH"},
		{"look at what a pod was given, and why", "kubectl -n stock get pods -o yaml | less"},
		{"opt a namespace in", "kubectl label namespace default telepod.dev/injection=enabled"},
		{"have a pod of your own injected, and nothing stored",
			"kubectl run mine --image=telepod.test/app:1 --dry-run=server -o yaml"},
	})
}

type suggestion struct{ what, command string }

func (d *demo) list(suggestions []suggestion) {
	for _, s := range suggestions {
		d.screen.line("   " + s.what)
		for line := range strings.SplitSeq(s.command, "\n") {
			d.screen.line("     " + d.screen.in(cyan, line))
		}
	}
}

// saveLogs keeps what there is to see after a failure.
func (d *demo) saveLogs() error {
	d.logs = true
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	files := map[string]string{"components.log": d.cluster.Logs(500)}
	asked := map[string][]string{
		"pods.yaml":  {"get", "pods", "--all-namespaces", "--output=yaml"},
		"events.txt": {"get", "events", "--all-namespaces"},
	}
	if d.webhook != nil {
		files["webhook.log"] = d.webhook.Log()
	} else {
		asked["webhook.log"] = []string{"logs", "--namespace=" + install.Namespace, "--selector=app.kubernetes.io/component=injector", "--prefix", "--tail=-1"}
	}
	for name, args := range asked {
		out, err := d.cluster.Kubectl(ctx, args...)
		if err != nil {
			out += "\n" + err.Error()
		}
		files[name] = out
	}
	var errs []error
	for name, content := range files {
		errs = append(errs, os.WriteFile(filepath.Join(d.dir, name), []byte(content), 0o644))
	}
	return errors.Join(errs...)
}
