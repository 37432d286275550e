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
	folders   *folders
	attribute string
}

func newSorter(cfg component.Config) sorter {
	c := cfg.(*Config)
	return sorter{folders: newFolders(c), attribute: c.Attribute}
}

// Capabilities reports that resources get an attribute.
func (sorter) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// inFolder carries the folder to the exporter's queue.
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

// ConsumeTraces passes on one request for each folder. An error is that of the folders which were refused.
func (p *tracesProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	byFolder := map[string]ptrace.Traces{}
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		folder := p.folders.of(rs.Resource().Attributes())
		rs.Resource().Attributes().PutStr(p.attribute, folder)
		if _, ok := byFolder[folder]; !ok {
			byFolder[folder] = ptrace.NewTraces()
		}
		rs.MoveTo(byFolder[folder].ResourceSpans().AppendEmpty())
		return true
	})
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

// ConsumeLogs passes on one request for each folder. An error is that of the folders which were refused.
func (p *logsProcessor) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	byFolder := map[string]plog.Logs{}
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		folder := p.folders.of(rl.Resource().Attributes())
		rl.Resource().Attributes().PutStr(p.attribute, folder)
		if _, ok := byFolder[folder]; !ok {
			byFolder[folder] = plog.NewLogs()
		}
		rl.MoveTo(byFolder[folder].ResourceLogs().AppendEmpty())
		return true
	})
	var errs error
	for folder, part := range byFolder {
		errs = errors.Join(errs, p.next.ConsumeLogs(inFolder(ctx, folder), part))
	}
	return errs
}
