package archivefolderprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

// NewFactory returns the factory of the processor archive_folder.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("archive_folder"), defaultConfig,
		processor.WithTraces(createTraces, component.StabilityLevelBeta),
		processor.WithLogs(createLogs, component.StabilityLevelBeta),
	)
}

// sorter is what both signals share.
type sorter struct {
	component.StartFunc
	component.ShutdownFunc
	folders *folders
}

func newSorter(cfg component.Config) sorter {
	return sorter{folders: newFolders(cfg.(*Config))}
}

// Capabilities reports that data is not changed, so that nothing in front has to copy it.
func (sorter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// inFolder adds the folder to the client metadata, for the exporter's queue.
func inFolder(ctx context.Context, folder string) context.Context {
	info := client.FromContext(ctx)
	info.Metadata = client.NewMetadata(map[string][]string{MetadataKey: {folder}})
	return client.NewContext(ctx, info)
}

type tracesProcessor struct {
	sorter
	next consumer.Traces
}

func createTraces(_ context.Context, _ processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	return &tracesProcessor{sorter: newSorter(cfg), next: next}, nil
}

// ConsumeTraces passes on one request for each folder. The error joins those of the folders that were refused.
func (p *tracesProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	byFolder := map[string]ptrace.Traces{}
	folders := make([]string, td.ResourceSpans().Len())
	for i, rs := range td.ResourceSpans().All() {
		folders[i] = p.folders.of(rs.Resource().Attributes())
		byFolder[folders[i]] = td
	}
	if len(byFolder) > 1 {
		for folder := range byFolder {
			byFolder[folder] = ptrace.NewTraces()
		}
		for i, rs := range td.ResourceSpans().All() {
			rs.CopyTo(byFolder[folders[i]].ResourceSpans().AppendEmpty())
		}
	}
	var errs error
	for folder, part := range byFolder {
		errs = errors.Join(errs, p.next.ConsumeTraces(inFolder(ctx, folder), part))
	}
	return errs
}

type logsProcessor struct {
	sorter
	next consumer.Logs
}

func createLogs(_ context.Context, _ processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	return &logsProcessor{sorter: newSorter(cfg), next: next}, nil
}

// ConsumeLogs passes on one request for each folder. The error joins those of the folders that were refused.
func (p *logsProcessor) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	byFolder := map[string]plog.Logs{}
	folders := make([]string, ld.ResourceLogs().Len())
	for i, rl := range ld.ResourceLogs().All() {
		folders[i] = p.folders.of(rl.Resource().Attributes())
		byFolder[folders[i]] = ld
	}
	if len(byFolder) > 1 {
		for folder := range byFolder {
			byFolder[folder] = plog.NewLogs()
		}
		for i, rl := range ld.ResourceLogs().All() {
			rl.CopyTo(byFolder[folders[i]].ResourceLogs().AppendEmpty())
		}
	}
	var errs error
	for folder, part := range byFolder {
		errs = errors.Join(errs, p.next.ConsumeLogs(inFolder(ctx, folder), part))
	}
	return errs
}
