package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/clouds"
)

// overview runs telepod status for all clusters and compares it with the API servers. Every region must use the given
// site.
func (t *story) overview(ctx context.Context, role string) error {
	var contexts []string
	for _, s := range t.estate.Sites() {
		contexts = append(contexts, s.Place.Cluster)
	}
	args := []string{"status", "--contexts", strings.Join(contexts, ",")}
	t.Command("telepod " + strings.Join(args, " "))
	var rows []status.Row
	// Collectors fail over one after the other.
	err := await.Success(ctx, patience, func(ctx context.Context) error {
		out, err := t.estate.Telepod(ctx, append(args, "-o", "json")...)
		if err != nil {
			return err
		}
		rows = nil
		if err := json.Unmarshal(out, &rows); err != nil {
			return fmt.Errorf("parse the output of telepod status: %w", err)
		}
		for _, row := range rows {
			if row.Traffic == nil || row.Traffic.Site == nil || row.Traffic.Using() != role {
				return fmt.Errorf("%s: %+v", row.Context, row.Traffic)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for telepod status to show the %s site: %w", role, err)
	}
	var wrong []string
	for i, s := range t.estate.Sites() {
		list, err := differences(ctx, s, rows[i], role)
		if err != nil {
			return err
		}
		wrong = append(wrong, list...)
	}
	t.row("telepod status, on the "+role, fmt.Sprintf("%d clusters", len(rows)), "same counts as the API servers"+list(": ", wrong), len(wrong) == 0)
	return nil
}

// differences lists the fields in which a row differs from the API server.
func differences(ctx context.Context, s *clouds.Site, row status.Row, role string) (list []string, err error) {
	pods, err := s.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	compare := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			list = append(list, fmt.Sprintf("%s: %s %v, not %v", s.Place.Cluster, what, got, want))
		}
	}
	ready := map[string]int{}
	injected := 0
	for _, pod := range pods.Items {
		if isReady(pod) && pod.Labels["app.kubernetes.io/name"] == "telepod" {
			ready[pod.Labels["app.kubernetes.io/component"]]++
		}
		if pod.Annotations[injector.StatusAnnotation] != "" && pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			injected++
		}
	}
	compare("context", row.Context, s.Place.Cluster)
	compare("place", row.Place, status.Place{Cluster: s.Place.Cluster, Cloud: s.Cloud, Region: s.Region})
	compare("injector", row.Injector, fmt.Sprintf("%d/%d", ready["injector"], ready["injector"]))
	compare("Collectors", row.Collectors, fmt.Sprintf("%d/%d", ready["collector"], ready["collector"]))
	compare("Collectors that answered", row.Traffic.Answered, ready["collector"])
	compare("pods", row.Pods, fmt.Sprintf("%d of %d", injected, injected))
	if role == "backup" { // on the primary, a Collector may have switched while the sites started
		compare("last switch is known", row.Traffic.LastSwitch != nil, true)
	}
	compare("spans are received", row.Traffic.SpansPerSecond != nil && *row.Traffic.SpansPerSecond > 0, true)
	compare("a certificate", row.Certificate != nil, true)
	if s.Central() {
		name := s.Role
		if ready["central"] == 0 {
			name = "" // unknown
		}
		compare("central site", *row.Central, status.Central{Name: name, Replicas: status.Replicas{Ready: ready["central"], Wanted: ready["central"]}})
	}
	for _, p := range row.Problems {
		if role == "primary" {
			list = append(list, s.Place.Cluster+": "+p.Text)
		}
	}
	return list, nil
}

func isReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// costs runs telepod cost against the sites' Prometheus.
func (t *story) costs(ctx context.Context) error {
	t.Command("telepod cost --by service --prometheus " + t.estate.Stores.Prometheus)
	var lines []struct {
		Cluster, Service string
		Spans, Dollars   float64
	}
	var found []string
	err := await.Success(ctx, patience, func(ctx context.Context) error {
		out, err := t.estate.Telepod(ctx, "cost", "--by", "service", "--prometheus", t.estate.Stores.Prometheus, "-o", "json")
		if err != nil {
			return err
		}
		if err := json.Unmarshal(out, &lines); err != nil {
			return fmt.Errorf("parse the output of telepod cost: %w", err)
		}
		found = nil
		for _, l := range lines {
			if slices.Contains([]string{"order", "product", "payment"}, l.Service) && l.Spans > 0 && l.Dollars >= 0 {
				found = append(found, l.Service+" in "+l.Cluster)
			}
		}
		if len(found) < 3 {
			return errNoData
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("run telepod cost: %w", err)
	}
	t.row("telepod cost --by service", fmt.Sprintf("%d lines", len(lines)), strings.Join(found, ", "), len(found) == 3)
	return nil
}
