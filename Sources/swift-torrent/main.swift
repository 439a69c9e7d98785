import CLI

await CommandLineTool.main()
