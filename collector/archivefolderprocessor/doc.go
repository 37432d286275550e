// Package archivefolderprocessor sorts traces and logs into the folders of an object store, so that an exporter
// behind it writes each batch to one folder.
//
// A folder is provider/region, from the resource attributes cloud.provider and cloud.region. Senders control
// these attributes, and a store refuses invalid keys. So a folder has to match a strict pattern or be in the
// configured list, and the number of folders is bounded; everything else shares one fixed folder.
package archivefolderprocessor
