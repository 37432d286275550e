package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// broker is a Kafka broker with one topic for each signal, and a consumer that counts.
type broker struct {
	cluster *kfake.Cluster
	client  *kgo.Client
	counts  tallies
}

func newBroker(port int) (*broker, error) {
	cluster, err := kfake.NewCluster(kfake.Ports(port), kfake.NumBrokers(1), kfake.SeedTopics(4, "otlp_spans", "otlp_metrics", "otlp_logs"))
	if err != nil {
		return nil, fmt.Errorf("start a Kafka broker on port %d: %w", port, err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...),
		kgo.ConsumeTopics("otlp_spans", "otlp_metrics", "otlp_logs"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		cluster.Close()
		return nil, fmt.Errorf("connect to the Kafka broker: %w", err)
	}
	return &broker{cluster: cluster, client: client, counts: newTallies()}, nil
}

// consume counts until the context ends.
func (b *broker) consume(ctx context.Context) {
	for ctx.Err() == nil {
		b.client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if err := b.add(r); err != nil {
				slog.Error("decode a Kafka record", "topic", r.Topic, "error", err)
			}
		})
	}
	b.client.Close()
	b.cluster.Close()
}

func (b *broker) add(r *kgo.Record) error {
	switch r.Topic {
	case "otlp_spans":
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(r.Value)
		if err != nil {
			return err
		}
		b.counts.addTraces(td)
	case "otlp_metrics":
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(r.Value)
		if err != nil {
			return err
		}
		b.counts.addMetrics(md)
	default:
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(r.Value)
		if err != nil {
			return err
		}
		b.counts.addLogs(ld)
	}
	return nil
}
