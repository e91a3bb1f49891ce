# libclcnn_net, in the order of the way from a line of text to a trained network
set(CLCNN_NET_SOURCES
    presets.c parse.c layers.c layer_conv2d.c layer_dense.c layer_maxpool2d.c layer_avgpool2d.c
    layer_batchnorm.c layer_layernorm.c layer_dropout.c layer_add.c layer_activation.c
    layer_flatten.c graph.c memory.c net.c prepare.c step.c update.c reference.c gradcheck.c augment.c feed.c
    evaluate.c trainer.c checkpoint.c weights.c model.c import.c file.c safetensors.c stream.c images.c idx.c
    cifar10.c dataset.c synthetic.c
    ../fail.c ../check.c) # their functions are hidden in libclcnn
