// The DownloadTests suite.
