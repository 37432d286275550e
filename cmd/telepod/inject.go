package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"
)

const injectLong = `Inject the pods and pod templates of manifests, with the code of the webhook.

Pods, Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs, ReplicationControllers,
PodTemplates, Argo Rollouts, Lists of these and any other kind with a pod template at spec.template
are injected. Everything else is printed byte for byte: comments, order and style are preserved. Helm
templates and kustomizations have to be rendered first; in a directory they are skipped with a note.

Namespaces are assumed to opt in unless the manifests opt out (with a Namespace object, or with
telepod.dev/inject: "false" on a pod). With --assume-opted-in=false, they have to opt in, as in a cluster.
Warnings go to standard error with file and line. Nothing is printed if there is an error.

-o yaml   the modified manifests (a JSON document stays JSON)
-o patch  one line for each pod or template, in order: a JSON Patch for its object, [] if nothing
          changes. 'telepod explain -o json' identifies each of them.
-o diff   a unified diff, for people or for 'git apply'`

const injectExample = `  telepod inject app.yaml --profile aws --region us-east-1 --cluster prod-use1 | kubectl apply -f -
  kustomize build . | telepod inject - --profile gcp --cluster prod-euw1
  telepod inject manifests/ -o diff
  kubectl patch deployment web --type=json -p "$(kubectl get deployment web -o yaml | telepod inject - -o patch)"`

type injectFlags struct {
	offlineFlags
	output *choice
}

func newInjectCommand() *cobra.Command {
	f := &injectFlags{}
	cmd := &cobra.Command{
		Use:     "inject FILE...",
		Short:   "Inject the pods of manifests",
		Long:    injectLong,
		Example: injectExample,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd)
	f.output = choiceFlag(cmd, "output", "o", "yaml", "patch", "diff")
	return cmd
}

func (f *injectFlags) run(cmd *cobra.Command, args []string) error {
	inputs, list, err := f.read(cmd, args)
	if err != nil {
		return err
	}
	if err := f.judgeStrictly(cmd, list); err != nil {
		return err
	}
	text, err := f.print(inputs, list)
	if err != nil {
		return err
	}
	if err := noteNothingInjected(cmd, list); err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}

// noteNothingInjected reports that nothing was injected, because an unchanged output is easy to miss.
func noteNothingInjected(cmd *cobra.Command, list []planned) error {
	for _, p := range list {
		if p.Plan.Decision.Inject {
			return nil
		}
	}
	text := "note: the manifests contain no pods"
	if len(list) > 0 {
		text = fmt.Sprintf("note: none of %d pod(s) injected; 'telepod explain' shows why", len(list))
	}
	_, err := fmt.Fprintln(cmd.ErrOrStderr(), text)
	return err
}

func (f *injectFlags) print(inputs []input, list []planned) ([]byte, error) {
	if f.output.value == "patch" {
		return patches(list), nil
	}
	for _, p := range list {
		if patch := p.Plan.AppendPatch(nil, p.Pointer); patch != nil {
			if err := p.Patch(patch); err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	for _, in := range inputs {
		if f.output.value == "diff" {
			text, err := diff(in)
			if err != nil {
				return nil, err
			}
			out.WriteString(text)
			continue
		}
		text, err := in.Bytes()
		if err != nil {
			return nil, err
		}
		appendStream(&out, text)
	}
	return out.Bytes(), nil
}

// diff shows the edits of a file. It uses the edits themselves: a fast text diff would mark unchanged lines as
// changed.
func diff(in input) (string, error) {
	edits, err := in.Edits()
	if err != nil {
		return "", err
	}
	list := make([]udiff.Edit, len(edits))
	for i, e := range edits {
		list[i] = udiff.Edit{Start: e.Start, End: e.End, New: e.New}
	}
	name := filepath.ToSlash(in.name)
	return udiff.ToUnified("a/"+name, "b/"+name, string(in.data), list, udiff.DefaultContextLines)
}

func patches(list []planned) []byte {
	var out []byte
	for _, p := range list {
		before := len(out)
		if out = p.Plan.AppendPatch(out, p.Path); len(out) == before {
			out = append(out, "[]"...)
		}
		out = append(out, '\n')
	}
	return out
}

// appendStream appends a stream of YAML documents.
func appendStream(out *bytes.Buffer, text []byte) {
	if out.Len() > 0 && len(bytes.TrimSpace(text)) > 0 {
		if !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
			out.WriteByte('\n')
		}
		first := strings.TrimPrefix(string(text), "\ufeff")
		switch {
		case strings.HasPrefix(first, "%"):
			out.WriteString("...\n")
		case !strings.HasPrefix(first, "---"):
			out.WriteString("---\n")
		}
	}
	out.Write(text)
}
