package clouds

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/telepod/telepod/test/install"
)

// SaveLogs writes logs and states of all clusters to a directory, to diagnose a failure.
func (e *Estate) SaveLogs(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	files := map[string]string{}
	for _, s := range e.sites {
		if s.Cluster == nil {
			continue
		}
		files[s.Place.Cluster+".components.log"] = s.Logs(300)
		for name, args := range map[string][]string{
			"pods.txt":   {"get", "pods", "--all-namespaces", "--output=wide"},
			"events.txt": {"get", "events", "--all-namespaces"},
			"telepod.log": {"logs", "--namespace=" + install.Namespace, "--selector=app.kubernetes.io/name=telepod", "--prefix", "--tail=1000",
				"--all-containers", "--ignore-errors", "--max-log-requests=20"},
			"shop.log": {"logs", "--namespace=shop", "--selector=app", "--prefix", "--tail=300"},
		} {
			out, err := s.Kubectl(ctx, args...)
			if err != nil {
				out += "\n" + err.Error()
			}
			files[s.Place.Cluster+"."+name] = out
		}
	}
	if e.Stores != nil {
		for _, p := range e.Stores.processes {
			text, err := os.ReadFile(p.log)
			if err != nil {
				text = []byte(err.Error())
			}
			files[filepath.Base(p.log)] = string(text)
		}
	}
	var errs []error
	for name, content := range files {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	return errors.Join(errs...)
}
