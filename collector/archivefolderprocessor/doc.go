// Package archivefolderprocessor sorts traces and logs into the folders of an object store, so that an exporter
// behind it files each batch in one place.
//
// A folder is provider/region, from the resource attributes cloud.provider and cloud.region. Senders decide what
// these attributes contain, and a store refuses what no key may be. So a folder has to match a closed pattern, or
// stand in the configured list, and there is a bounded number of them; everything else shares one fixed folder.
package archivefolderprocessor
