package offline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// invite prints how to use the control plane while it is kept.
func (d *demo) invite() {
	d.screen.Heading("The control plane keeps running until Ctrl-C. In another terminal:")
	d.list([]suggestion{
		{"use it", "export KUBECONFIG=" + d.cluster.Kubeconfig() + "\nexport PATH=" + d.dir + ":$PATH"},
		{"see what was injected into a pod, and why", "kubectl -n stock get pods -o yaml | less"},
		{"opt a namespace in", "kubectl label namespace default telepod.dev/injection=enabled"},
		{"inject your own pod, as a dry run",
			"kubectl run mine --image=telepod.test/app:1 --dry-run=server -o yaml"},
	})
}

type suggestion struct{ what, command string }

func (d *demo) list(suggestions []suggestion) {
	for _, s := range suggestions {
		d.screen.Line("   " + s.what)
		for line := range strings.SplitSeq(s.command, "\n") {
			d.screen.Line("     " + line)
		}
	}
}

// saveLogs saves logs and states to diagnose a failure.
func (d *demo) saveLogs() error {
	d.logs = true
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	files := map[string]string{"components.log": d.cluster.Logs(500)}
	if d.webhook != nil {
		files["webhook.log"] = d.webhook.Log()
	}
	queries := map[string][]string{
		"pods.yaml":  {"get", "pods", "--all-namespaces", "--output=yaml"},
		"events.txt": {"get", "events", "--all-namespaces"},
	}
	for name, args := range queries {
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
	d.screen.Note("Logs of the control plane, its pods and its events are in " + d.dir)
	return errors.Join(errs...)
}
