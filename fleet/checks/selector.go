package checks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/telepod/telepod/profiles"
)

// Change is the last change of a field of a workload that Helm did not make; zero if there is none.
type Change struct {
	// Manager made it: kubectl-patch, for example.
	Manager string
	At      time.Time
	// Exactly: At is the time of this change; otherwise it is the latest possible time.
	Exactly bool
}

func (c Change) String() string {
	at := c.At.UTC().Format("2006-01-02 15:04:05Z")
	if !c.Exactly {
		at += " or earlier"
	}
	return "changed by " + c.Manager + " at " + at
}

// differs returns the first label that a DaemonSet requires and a node does not have.
func (w Workload) differs(n Node) (key, value string) {
	for _, key := range slices.Sorted(maps.Keys(w.Pod.NodeSelector)) {
		if n.Labels[key] != w.Pod.NodeSelector[key] {
			return key, w.Pod.NodeSelector[key]
		}
	}
	return "", ""
}

// unmatched describes a label that no node has; empty if nodes are unknown, or nodes have each label.
func (s Snapshot) unmatched(w Workload) (why, repair string) {
	for _, key := range slices.Sorted(maps.Keys(w.Pod.NodeSelector)) {
		value := w.Pod.NodeSelector[key]
		if len(s.Nodes.Value) > 0 && !slices.ContainsFunc(s.Nodes.Value, func(n Node) bool { return n.Labels[key] == value }) {
			return "nodeSelector " + s.wanted(w, key, value, " matches no node"), s.mend(w, key, value)
		}
	}
	return "", ""
}

// wanted describes a label, the nearest one that a node has, and who required it.
func (s Snapshot) wanted(w Workload, key, value, otherwise string) string {
	text := key + "=" + value + otherwise
	if near, found := s.nearest(key, value); found {
		text += "; the nearest label is " + key + "=" + near
	} else if near, found := profiles.Nearest(key, s.labels()); found && near != key {
		text += "; the nearest label is " + near
	}
	if w.Selected.Manager != "" {
		text += "; " + w.Selected.String()
	}
	return text
}

// nearest returns the value of a label on a node that was probably meant.
func (s Snapshot) nearest(key, value string) (string, bool) {
	var values []string
	for _, n := range s.Nodes.Value {
		values = append(values, n.Labels[key])
	}
	near, found := profiles.Nearest(value, values)
	return near, found && near != value
}

func (s Snapshot) labels() (keys []string) {
	for _, n := range s.Nodes.Value {
		keys = slices.AppendSeq(keys, maps.Keys(n.Labels))
	}
	return keys
}

// mend returns the repair of a nodeSelector: in the DaemonSet if it was changed there, or else in the values.
func (s Snapshot) mend(w Workload, key, value string) string {
	near, found := s.nearest(key, value)
	switch {
	case w.Selected.Manager != "" && w.Desired == 0 && found:
		return s.in(`patch %s --type=merge -p '{"spec":{"template":{"spec":{"nodeSelector":{"%s":"%s"}}}}}'`, w.Object(), key, near)
	case w.Selected.Manager != "":
		return s.undo(w)
	case found:
		return fmt.Sprintf("set %s: %s in regional.nodeSelector in the chart's values, and run helm upgrade", key, near)
	}
	return fmt.Sprintf("remove %s from regional.nodeSelector in the chart's values, or label the nodes, and run helm upgrade", key)
}

// undo returns the command that restores a DaemonSet's pod template from before its last change.
func (s Snapshot) undo(w Workload) string {
	return s.in("rollout undo %s  # its pod template before that change", w.Object())
}

// lookAt returns the command that looks for the reason in the cluster of a site.
func (s Snapshot) lookAt(site string) string {
	address, found := s.SiteAddresses[site]
	if found && safe(address) {
		address = ", which regions reach at " + address
	} else {
		address = ""
	}
	return fmt.Sprintf("telepod check --context CONTEXT  # CONTEXT: the cluster of the %s site%s; if it is healthy there: docs/operations.md#telepodonbackup", site, address)
}

// safe reports whether a text from the cluster is safe as a word of a shell command.
func safe(text string) bool { return safeWord.MatchString(text) }

var safeWord = regexp.MustCompile(`^[A-Za-z0-9.:_/\[\]-]+$`)
